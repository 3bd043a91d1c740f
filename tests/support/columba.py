"""The programs under test, and a whole gateway made of them."""

import base64
import collections
import hashlib
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from support import http_client
from support.fake_fcm import target
from support.matrix import APP_ID, UNIQUE, unique
from support.metrics import Metrics
from support.processes import REPOSITORY, Failure, Process, free_port, wait_until

BUILD = Path(os.environ.get("COLUMBA_BUILD_DIR") or REPOSITORY / "build/release")
FOLDERS = {
    "columba-ingress": "ingress",
    "columba-dispatcher": "dispatcher",
    "columbactl": "deploy/columbactl",
    "columba-broker": "deploy/local",
}
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:abort_on_error=0",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}
BEARER_TOKEN = re.compile(r"ya29\.\S+")


def hash_of(app_id, pushkey):
    """The form that a pushkey has in logs and in Redis."""
    digest = hashlib.sha256(f"{app_id}\0{pushkey}".encode()).digest()[:16]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def program(name):
    return BUILD / FOLDERS[name] / name


def yaml(value, indent=0):
    """Maps, lists and scalars as block YAML, the way an operator would write them."""
    pad = "  " * indent
    lines = []
    for key, item in value.items():
        if isinstance(item, dict) and item:
            lines += [f"{pad}{key}:", yaml(item, indent + 1)]
        else:
            lines.append(f"{pad}{key}: {json.dumps(item)}")
    return "\n".join(lines)


def merged(base, *changes):
    """Nested maps, later ones win; None takes a key away."""
    result = dict(base)
    for change in changes:
        for key, value in change.items():
            if value is None:
                result.pop(key, None)
            elif isinstance(value, dict):
                result[key] = merged(result.get(key) or {}, value)
            else:
                result[key] = value
    return result


class Program(Process):
    """A process of Columba's with an admin port."""

    environment = SANITIZERS

    def __init__(self, name, config_path, log_path, admin_port, port=None):
        self.name = name
        self.config_path = Path(config_path)
        self.settings = {}
        super().__init__(name, self.command_line(config_path), log_path, self.environment)
        self.admin_port = admin_port
        self.port = port
        self.read_bytes = 0
        self.settled = []

    def command_line(self, config_path):
        return [program(self.name), "--config", config_path]

    def write_config(self, *changes, path=None):
        """What it was started with, and changes, as its file is while it runs; or as another."""
        path = path or self.config_path
        fresh = path.with_suffix(".fresh")
        fresh.write_text(yaml(merged(self.settings, *changes)) + "\n")
        fresh.replace(path)

    def hang_up(self, result="taken"):
        """SIGHUP, and until it has come to this."""
        name = self.name.replace("-", "_") + "_config_reloads_total"
        count = lambda: self.metrics().sum(name, result=result)
        before = count()
        self.signal(signal.SIGHUP)
        wait_until(f"{self.name} has {result} it", lambda: count() > before, 20, [self])

    def reconfigure(self, *changes, result="taken"):
        """Another file from one instant to the next, which is whole at any time."""
        self.write_config(*changes)
        self.hang_up(result)

    def get(self, path):
        return http_client.get(self.admin_port, path)

    def is_ready(self):
        return self.get("/ready").status == 200

    def wait_ready(self, timeout_s=40):
        wait_until(f"{self.name} is ready", self.is_ready, timeout_s, [self])
        return self

    def has_redis(self):
        """Whether all of it gets answers from Redis: every worker of an ingress, the dispatcher."""
        metrics = self.metrics()
        return (
            metrics.sum("columba_ingress_redis_available_workers")
            + metrics.sum("columba_dispatcher_redis_available")
        ) == (metrics.sum("columba_ingress_workers") or 1)

    def is_idle(self):
        """Of a dispatcher: nothing is in flight, and nothing waits in its partitions."""
        metrics = self.metrics()
        return (
            metrics.sum("columba_dispatcher_in_flight")
            + metrics.sum("columba_dispatcher_lag_records")
        ) == 0

    def metrics(self):
        return Metrics(self.get("/metrics").body.decode())

    def log_lines(self):
        """Every line is a JSON object of the log's form; the last may not be whole yet."""
        lines = [json.loads(line) for line in self.log().split("\n")[:-1]]
        for line in lines:
            assert {"time", "level", "event"} <= set(line), line
        return lines

    def settled_lines(self):
        """What the dispatcher's log says of the records that have their outcome, so far."""
        with open(self.log_path, "rb") as file:
            file.seek(self.read_bytes)
            fresh = file.read()
        fresh = fresh[: fresh.rfind(b"\n") + 1]
        self.read_bytes += len(fresh)
        self.settled += [
            json.loads(line) for line in fresh.splitlines() if b'"event":"settled"' in line
        ]
        return self.settled

    def client(self, timeout_s=60):
        return http_client.Client(self.port, timeout_s)


class Gateway:
    """Ingresses and dispatchers on one queue, one Redis, one provider. What make_program gives may
    run them in another way."""

    make_program = Program

    def __init__(self, directory, queue, redis, fcm, settings=None):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.queue = queue
        self.redis = redis
        self.fcm = fcm
        self.programs = []
        self.kept_client = None
        self.notified_at = 0
        self.settings = merged(
            {
                "queue": {
                    "brokers": queue.bootstrap,
                    "prefix": unique("t") + ".",
                    "replication": 1,
                    "partitions": 2,
                },
                "redis": {"address": f"127.0.0.1:{redis.port}"},
                "retry": {"delays": ["300ms", "600ms"]},
                "ingress": {"workers": 2, "drain_delay": "0s"},
                "dispatcher": {"request_timeout": "2s"},
                "apps": {APP_ID: fcm.app()},
            },
            queue.settings,
            settings or {},
        )

    @property
    def ingress(self):
        return self._first_running("columba-ingress")

    @property
    def dispatcher(self):
        return self._first_running("columba-dispatcher")

    @property
    def dispatchers(self):
        """Those that run."""
        return [
            one for one in self.programs
            if one.name == "columba-dispatcher" and not one.has_ended()
        ]

    def _first_running(self, name):
        for one in self.programs:
            if one.name == name and not one.has_ended():
                return one
        raise Failure(f"no {name} is running\n{self.describe()}")

    def topic(self, name):
        return self.settings["queue"]["prefix"] + name

    def write_config(self, name, *changes):
        path = self.directory / f"{name}.yaml"
        path.write_text(yaml(merged(self.settings, *changes)) + "\n")
        return path

    def prepare(self):
        """The queue runs and has the topics."""
        self.queue.prepare(self.write_config("queue"))

    def _start(self, name, section, changes, port=None):
        number = len(self.programs)
        admin_port = free_port()
        listen = {"admin_listen": f"127.0.0.1:{admin_port}"}
        if port is not None:
            listen["listen"] = f"127.0.0.1:{port}"
        path = self.write_config(f"{section}-{number}", {section: listen}, changes)
        log_path = self.directory / f"{section}-{number}.log"
        started = self.make_program(name, path, log_path, admin_port, port)
        started.settings = merged(self.settings, {section: listen}, changes)
        self.programs.append(started)
        return started

    def start_ingress(self, port=None, **changes):
        return self._start("columba-ingress", "ingress", changes, port or free_port())

    def start_dispatcher(self, **changes):
        return self._start("columba-dispatcher", "dispatcher", changes)

    def start(self):
        """One of each, ready."""
        self.prepare()
        self.start_ingress()
        self.start_dispatcher()
        self.ingress.wait_ready()
        self.dispatcher.wait_ready()
        return self

    def wait_for_redis(self):
        """Until every program gets answers from it."""
        for one in self.programs:
            if not one.has_ended():
                wait_until(f"{one.name} has Redis", one.has_redis, 20, [one])

    def notify(self, body):
        """Over one kept connection to the first ingress that runs; anew after a long pause, since
        the ingress does not keep idle ones for ever."""
        idle_s = time.monotonic() - self.notified_at
        port = self.ingress.port
        if self.kept_client is None or self.kept_client.port != port or idle_s > 100:
            self.kept_client = self.ingress.client()
        self.notified_at = time.monotonic()
        try:
            return self.kept_client.notify(body)
        except OSError:
            self.kept_client.close()
            raise

    def deliver(self, body, token):
        """Notifies, and waits until the provider took it for that token; what the provider got."""
        before = len(self.fcm.delivered(token))
        assert self.notify(body).rejected == []
        return self.fcm.wait_for(token, before + 1)[-1]

    def outcomes(self, pushkey, app_id=APP_ID):
        """How the records of a pushkey ended, in order, as the dispatchers log it."""
        name = hash_of(app_id, pushkey)
        return [
            line["outcome"]
            for one in self.programs
            if one.name == "columba-dispatcher"
            for line in one.settled_lines()
            if line.get("pushkey") == name
        ]

    def wait_outcomes(self, pushkey, count=1, outcome=None, timeout_s=30, app_id=APP_ID):
        """Until that many records of the pushkey have an outcome, or this one; all of them."""
        return wait_until(
            f"{count} records of {pushkey} settled {outcome or ''}",
            lambda: len(found := [
                one for one in self.outcomes(pushkey, app_id) if outcome in (None, one)
            ]) >= count and found,
            timeout_s,
            [self.dispatcher],
        )

    def settled(self, **labels):
        """How many records the running dispatchers have counted as settled, of those labels."""
        return sum(
            one.metrics().sum("columba_dispatcher_records_total", **labels)
            for one in self.programs
            if one.name == "columba-dispatcher" and not one.has_ended()
        )

    def wait_settled(self, count, timeout_s=30, **labels):
        """Until at least that many were settled since the dispatchers started."""
        wait_until(
            f"{count} records settled {labels}",
            lambda: self.settled(**labels) >= count,
            timeout_s,
            [self.dispatcher],
        )

    def ask(self, *words, status=0):
        """What columbactl says as JSON, of this configuration."""
        config = self.write_config("columbactl")
        shown, _ = run("columbactl", "--config", config, "--json", *words, status=status)
        return json.loads(shown)

    def lag(self, lane):
        """Of a lane: as the dispatchers have it, and as the brokers have it."""
        (asked,) = self.ask("lag", lane)["lanes"]
        served = sum(
            one.metrics().sum("columba_dispatcher_lag_records", lane=lane) for one in self.dispatchers
        )
        return int(served), sum(at["lag"] for at in asked["partitions"])

    def backlog(self, lane):
        """How many pushes of each app wait on a lane, and how many records more its lag has."""
        (asked,) = self.ask("backlog", lane)["lanes"]
        return {app["app"]: app["pushes"] for app in asked["apps"]}, asked["settled"] + asked["doubles"]

    def counted_backlog(self, lane):
        """The same as the metrics have it, while none of the programs has ended."""
        came = collections.Counter()
        for one in self.programs:
            metrics = one.metrics()
            for labels, value in metrics.series("columba_ingress_records_total", lane=lane):
                came[labels["app"]] += int(value)
            for labels, value in metrics.series("columba_dispatcher_records_total", lane=lane):
                came[labels["app"]] -= int(value) if labels["outcome"] != "moved" else 0
        return {app: count for app, count in came.items() if count}

    def wait_backlog(self, lane, timeout_s=30, **expected):
        """Until so much waits of each app, nothing of others, and lag and metrics are just that."""

        def told():
            found, more = self.backlog(lane)
            lag = sum(found.values()) + more
            return found == self.counted_backlog(lane) == expected and self.lag(lane) == (lag, lag)

        wait_until(f"{expected} waits on lane {lane}", told, timeout_s, self.dispatchers)

    def describe(self):
        return "\n".join(one.describe() for one in self.programs)

    def stop(self):
        """Every program ends by SIGTERM, cleanly, and has said nothing that it must not say."""
        if self.kept_client is not None:
            self.kept_client.close()
        faults = []
        for one in self.programs:
            try:
                status = one.wait(1) if one.has_ended() else one.stop()
                one.check_end(0 if one.was_killed else status)
                self.check_silence(one)
            except AssertionError as fault:
                faults.append(str(fault))
        if faults:
            raise Failure("\n".join(faults))

    def check_silence(self, one):
        """No pushkey that reached the provider, and no bearer token, is in the log."""
        log = one.log()
        if BEARER_TOKEN.search(log):
            raise Failure(f"{one.name} logged a bearer token")
        pushkeys = {target(line) for line in self.fcm.received()}
        logged = pushkeys.intersection(UNIQUE.findall(log))
        if logged:
            raise Failure(f"{one.name} logged pushkeys: {sorted(logged)[:5]}")


def run(name, *arguments, status=0, timeout_s=60):
    """A program that ends by itself: its standard output and error."""
    ran = subprocess.run(
        [program(name), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **SANITIZERS},
        check=False,
    )
    if ran.returncode != status:
        raise Failure(
            f"{name} {' '.join(map(str, arguments))} ended with {ran.returncode}, "
            f"not {status}:\n{ran.stdout}{ran.stderr}"
        )
    return ran.stdout, ran.stderr
