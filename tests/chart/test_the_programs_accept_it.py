"""What the chart writes and names is what the real programs read, listen on and answer."""

import os
import subprocess

import pytest

from support import http_client
from support.chart import render
from support.columba import Program, program, run, yaml
from support.fake_fcm import FakeFcm
from support.kafka import EmbeddedBroker
from support.matrix import APP_ID, push, unique
from support.processes import free_port, wait_until
from support.redis_server import RedisServer

LONGEST_DRAIN_S = {"ingress": ("drain_delay", 5), "dispatcher": ("drain_timeout", 8)}


def check(pod, path, address):
    """The program's own opinion of the configuration; its arguments, too, are read."""
    name = pod.program if pod.component != "topics" else "columba-ingress"
    arguments = [path if one.endswith(".yaml") else one for one in pod.container["args"]]
    arguments = arguments if pod.component != "topics" else arguments[:2]
    return subprocess.run(
        [program(name), *arguments, "--check-config"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **pod.environment(address)},
    )


def test_every_configuration_is_sound(rendered, values, tmp_path):
    """With the Secrets that the pod has, and no others: an ingress needs none of the providers'."""
    address = "::1" if values.stem == "version_6" else "127.0.0.1"
    for number, pod in enumerate(rendered.pods):
        directory = tmp_path / str(number)
        directory.mkdir()
        ran = check(pod, pod.write_config(directory), address)
        assert ran.returncode == 0, f"{pod.name}: {ran.stdout}{ran.stderr}{pod.config_text()}"


def test_a_wrong_configuration_would_be_seen(tmp_path):
    values = tmp_path / "values.yaml"
    values.write_text("config: {queue: {brokers: a:1}, redis: {address: b:2}, dispatcher: {in_flite: 3},"
                      " apps: {a: {type: unifiedpush}}}\n")
    (pod,) = render(values).pods_of("dispatcher")
    ran = check(pod, pod.write_config(tmp_path), "127.0.0.1")
    assert ran.returncode == 2 and "in_flite" in ran.stderr


def test_the_hook_names_a_real_command(rendered, values, tmp_path):
    hooks = rendered.pods_of("topics")
    assert len(hooks) == (values.stem != "by_variables")
    for pod in hooks:
        path = pod.write_config(tmp_path)
        arguments = [path if one.endswith(".yaml") else one for one in pod.container["args"]]
        assert "topics create" in run(pod.program, *arguments, "--help")[0]
        lanes = [one.config()["dispatcher"]["lanes"][0] for one in rendered.pods_of("dispatcher")]
        assert sorted(pod.config()["dispatcher"]["lanes"]) == sorted(lanes)


def seconds(text):
    units = {"ms": 0.001, "s": 1, "m": 60}
    number = text.rstrip("ms")
    return float(number) * units[text[len(number):]]


def test_pods_get_longer_to_end_than_they_need(rendered):
    for pod in rendered.pods_of("ingress") + rendered.pods_of("dispatcher"):
        config = pod.config()
        key, usual = LONGEST_DRAIN_S[pod.component]
        needed_s = seconds(config[pod.component].get(key, f"{usual}s"))
        if pod.component == "ingress":
            needed_s += seconds(config["queue"].get("ack_timeout", "20s"))
        assert pod.spec["terminationGracePeriodSeconds"] > needed_s + 5


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """A broker, Redis and a provider, and the values for all of it."""
    directory = tmp_path_factory.mktemp("chart")
    redis = RedisServer(directory).start()
    fcm = FakeFcm(directory / "fcm").start()
    broker = EmbeddedBroker(directory)
    values = directory / "values.yaml"
    settings = {
        "config": {
            "queue": {
                "brokers": broker.bootstrap,
                "replication": 1,
                "partitions": 2,
                **broker.settings["queue"],
            },
            "redis": {"address": f"127.0.0.1:{redis.port}"},
            "ingress": {"drain_delay": "0s"},
            "apps": {APP_ID: fcm.app()},
        },
    }
    values.write_text(yaml(settings) + "\n")
    yield directory, values, broker, fcm
    broker.stop()
    fcm.stop()
    redis.stop()


def start(pod, directory, monkeypatch):
    """The pod's program with its configuration and its variables; it has the ports of the pod."""
    for name, value in pod.environment("127.0.0.1").items():
        monkeypatch.setenv(name, value)
    place = directory / pod.component
    place.mkdir()
    http = pod.port("http") if pod.component == "ingress" else None
    path = pod.write_config(place)
    return Program(pod.program, path, place / "log", pod.port("admin"), http)


def test_ports_and_probes_answer_and_a_push_arrives(parts, tmp_path, monkeypatch):
    directory, values, broker, fcm = parts
    started, pods = [], []
    for component in ("ingress", "dispatcher"):
        # One machine is no two pods: each has ports of its own.
        own = tmp_path / f"{component}.yaml"
        own.write_text(yaml({"ports": {"http": free_port(), "admin": free_port()}}) + "\n")
        rendered = render(values, own)
        pods += rendered.pods_of(component)
    monkeypatch.setenv("COLUMBA_HOST", "127.0.0.1")
    broker.prepare(pods[0].write_config(tmp_path))
    try:
        for pod in pods:
            started.append(start(pod, directory, monkeypatch).wait_ready())
        for pod in pods:
            for port, path in pod.probes():
                assert http_client.get(port, path).status == 200
            assert http_client.get(pod.port("admin"), "/metrics").status == 200
            assert pod.annotations["prometheus.io/port"] == str(pod.port("admin"))
        token = unique()
        assert started[0].client().notify(push(token)).rejected == []
        fcm.wait_for(token)
        (scaled,) = rendered.all("ScaledObject")
        lag = run("columbactl", "--config", directory / "dispatcher/columba.yaml", "lag")[0]
        metadata = scaled["spec"]["triggers"][0]["metadata"]
        assert f"consumer group {metadata['consumerGroup']}\n" in lag
        assert f"{metadata['topic']} " in lag
    finally:
        statuses = [one.stop() for one in started]
    assert statuses == [0, 0]
