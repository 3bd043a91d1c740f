"""Hours of a moderate load in which something is always going wrong: nothing is lost, and what a process
holds after its warm-up is what it holds at the end. COLUMBA_SOAK_MINUTES says for how long."""

import collections
import contextlib
import itertools
import json
import os
import time
from pathlib import Path

import pytest

from support import kafka
from support.chaos import frozen
from support.columba import run
from support.matrix import device, event_id, notification, now_s, push, unique
from support.processes import resident_bytes, wait_until
from support.traffic import CONNECTIONS, Traffic

MINUTES = float(os.environ.get("COLUMBA_SOAK_MINUTES") or 60)
RATE = 100  # pushes a second
PHONES, DEAD = 400, 20
EACH = 200  # pushes that a fault meets
CAUGHT_UP = RATE  # of lag: what is on its way
WARM = 1 / 4  # of the time
# What may come on top of the most there was when it was warm.
MORE_BYTES, MORE_FILES = 16 << 20, 16
SETTINGS = {"queue": {"partitions": 4}, "dispatcher": {"request_timeout": "1s", "commit_interval": "200ms"}}
FAULTS = [
    {"answer": "internal"},
    {"answer": "unavailable1"},
    {"answer": "quota1"},
    {"answer": "slow1500"},
    {"sometimes": ["internal", "reset", "half", "drop"], "share": 0.05},
    {"goaway_every": 5},
]
WELL = {"answer": None, "sometimes": [], "goaway_every": 0}

pytestmark = pytest.mark.soak


class Pushes(Traffic):
    """To the same phones over and over: each push is told by its event, and what arrived is counted
    away."""

    def __init__(self, gateway):
        self.phones = itertools.cycle([unique() for _ in range(PHONES)])
        self.taken = collections.Counter()
        super().__init__(gateway, names=(event_id() for _ in itertools.count()), pause_s=CONNECTIONS / RATE,
                         body=lambda event: push(next(self.phones), event_id=event))

    def count_away(self):
        """What came until now, of which nothing but the count is kept."""
        for line in self.provider.received():
            if line["status"] == 200:
                self.taken[line["body"]["message"]["data"]["event_id"]] += 1
        self.provider.lines.clear()

    def arrived(self):
        self.count_away()
        return {name: self.taken[name] for name in self.promised}


class Soak:
    """A gateway with two dispatchers, and what is measured of it."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.pushes = Pushes(gateway)
        self.dead = [unique("dead") for _ in range(DEAD)]
        self.living = unique()
        self.uncertain = 0  # told by dispatchers that are gone
        self.samples = []
        self.measured = [gateway.ingress, gateway.dispatcher, gateway.start_dispatcher().wait_ready()]
        self.started = time.monotonic()

    def share_of_time(self):
        return (time.monotonic() - self.started) / (60 * MINUTES)

    def lag(self):
        shown, _ = run("columbactl", "--config", self.gateway.write_config("columbactl"), "--json", "lag")
        return sum(at["lag"] for lane in json.loads(shown)["lanes"] for at in lane["partitions"])

    def catch_up(self):
        wait_until("the lag is what is on its way", lambda: self.lag() <= CAUGHT_UP, 180,
                   self.gateway.dispatchers, poll_s=0.5)

    @contextlib.contextmanager
    def one_more(self):
        """A dispatcher comes and goes."""
        one = self.gateway.start_dispatcher().wait_ready()
        yield
        self.uncertain += one.metrics().sum("columba_dispatcher_uncertain_total")
        assert one.stop() == 0

    @contextlib.contextmanager
    def told(self, fault):
        self.gateway.fcm.control(**fault)
        yield
        self.gateway.fcm.control(**WELL)

    def go_through(self):
        """Each fault once, and what does not end by arriving."""
        for fault in (*map(self.told, FAULTS), frozen(self.gateway.redis), self.one_more()):
            with fault:
                self.pushes.wait_for(EACH)
            self.catch_up()
        self.end_otherwise()
        self.pushes.count_away()

    def end_otherwise(self):
        gateway = self.gateway
        before = {outcome: gateway.settled(outcome=outcome) for outcome in ("rejected", "dropped", "dead")}
        again = push(self.living)
        for body in (again, again):
            assert gateway.notify(body).rejected == []
        # Registered anew, so that each is asked about again; and in a second of its own.
        for phone in self.dead:
            gateway.notify(notification(device(phone, pushkey_ts=now_s())))
        kafka.publish(gateway.queue.bootstrap, gateway.topic("push.fcm"), b"no notification")
        for outcome, count in before.items():
            gateway.wait_settled(count + 1, outcome=outcome)

    def measure(self):
        kept = len(self.gateway.redis.keys("columba:[^s]*"))
        self.samples.append({
            "minute": (time.monotonic() - self.started) / 60,
            "pushes": len(self.pushes.promised),
            "lag": self.lag(),
            "marks": self.gateway.redis.command("DBSIZE") - kept,
            "keys": kept,
            **{f"{one.name} {at}: {what}": count(one.pid) for at, one in enumerate(self.measured)
               for what, count in MEASURED.items()},
        })
        return self.share_of_time()

    def table(self):
        names = [name.removeprefix("columba-") for name in self.samples[0]]
        rows = [[f"{value >> 20} MiB" if name.endswith("resident") else f"{value:.0f}"
                 for name, value in sample.items()] for sample in self.samples]
        return "\n".join("  ".join(cell.rjust(len(name)) for name, cell in zip(names, row))
                         for row in (names, *rows))


def most(samples, name):
    return max(sample[name] for sample in samples)


def open_files(pid):
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


MEASURED = {"resident": resident_bytes, "files": open_files}


def test_nothing_is_lost_and_nothing_grows(own, capsys):
    soak = Soak(own)
    soak.pushes.start()
    warm = 0
    while soak.measure() < 1:
        if soak.share_of_time() <= WARM:
            warm = len(soak.samples)
        soak.go_through()
    uncertain = soak.uncertain + sum(
        one.metrics().sum("columba_dispatcher_uncertain_total") for one in own.dispatchers)
    account = soak.pushes.stop().settle(f"soak of {MINUTES:.0f} minutes")
    with capsys.disabled():
        print(f"\n{soak.table()}\n{account}; {uncertain:.0f} answers were lost")

    assert account.lost == []
    assert len(account.twice) <= uncertain
    before, after = soak.samples[:warm + 1], soak.samples[warm + 1:]
    assert before and after, "too short to tell"
    for name in soak.samples[0]:
        if name.endswith(("resident", "files")):
            more = MORE_BYTES if name.endswith("resident") else MORE_FILES
            assert most(after, name) <= most(before, name) + more, name
    # A hold for each phone and a verdict for each that is dead, gates, dispatchers; and a mark a delivery.
    assert most(after, "keys") <= PHONES + 2 * DEAD + 10
    assert soak.samples[-1]["marks"] <= sum(soak.pushes.taken.values()) + len(soak.samples)
