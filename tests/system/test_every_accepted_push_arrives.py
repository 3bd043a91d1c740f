"""200 means safe: whatever is stopped or frozen under load, each push that was answered 200 reaches
the provider; what cannot be promised is 503."""

import json

import pytest

from support.load import Load, failures
from support.matrix import push, unique
from support.processes import wait_until
from support.traffic import Traffic


def test_256_connections_without_redis_do_not_stall(gateways):
    """Redis hides a lost wake-up of the HTTP server: only without it such a fault can be seen."""
    gateway = gateways.open()
    gateway.redis.stop()
    requests = ((name := unique(), json.dumps(push(name)).encode()) for _ in range(256 * 20))

    results = Load(lambda: gateway.ingress.port, 256, requests).start().join()

    assert len(results) == 256 * 20
    assert failures(results) == []


@pytest.mark.long
def test_kafka_ends_and_starts_again_under_load(fragile_gateways):
    gateway = fragile_gateways.open({"queue": {"ack_timeout": "5s"}})
    traffic = Traffic(gateway).start()

    traffic.wait_for(300)
    gateway.queue.stop()
    gateway.queue.start()
    traffic.wait_for(300)

    assert traffic.stop().settle("Kafka stopped and started").lost == []


@pytest.mark.long
def test_kafka_away_is_503_and_heals_by_itself(fragile_gateways):
    gateway = fragile_gateways.open({"queue": {"ack_timeout": "2s"}})
    gateway.deliver(push(first := unique()), first)

    gateway.queue.freeze()
    answer = gateway.notify(push(unique()))
    assert answer.status == 503
    assert answer.errcode == "M_UNKNOWN"
    assert int(answer.headers["retry-after"]) > 0

    gateway.queue.thaw()
    last = unique()
    wait_until("200 again", lambda: gateway.notify(push(last)).status == 200, 60, [gateway.ingress])
    gateway.fcm.wait_for(last, timeout_s=60)
