"""200 means safe: whatever is killed, stopped or frozen under load, each push that was answered
200 reaches the provider."""

import itertools
import json

import pytest

from support.load import Load, failures
from support.matrix import push, unique
from support.processes import wait_until

CONNECTIONS = 8
IN_FLIGHT = 50


class Traffic:
    """A load, and what of it was promised."""

    def __init__(self, gateway, count=None):
        self.gateway = gateway
        numbers = itertools.count() if count is None else range(count)
        requests = ((name := unique(), json.dumps(push(name)).encode()) for _ in numbers)
        port = gateway.ingress.port
        self.load = Load(lambda: port, CONNECTIONS, requests).start()

    def wait_for(self, count):
        """Until that many more were answered."""
        target = self.load.answer_count() + count
        wait_until(
            f"{count} more answers",
            lambda: self.load.answer_count() >= target,
            90,
        )

    def stop(self):
        results = self.load.stop()
        promised = {result.name for result in results if result.status == 200}
        assert {result.status for result in results} <= {200, 503, 0}
        return promised

    def assert_all_arrive(self, promised, timeout_s=90):
        fcm = self.gateway.fcm

        def missing():
            return promised - {line["token"] for line in fcm.delivered()}

        try:
            wait_until("every promised push", lambda: not missing(), timeout_s, [self.gateway.dispatcher])
        except AssertionError as failure:
            left = missing()
            raise AssertionError(f"{len(left)} of {len(promised)} lost: {sorted(left)[:5]}") from failure


def sent_twice(gateway):
    """The pushkeys that the provider accepted more than once, and when."""
    times = {}
    for line in gateway.fcm.delivered():
        times.setdefault(line["token"], []).append(line["time"])
    return {pushkey: at for pushkey, at in times.items() if len(at) > 1}


def test_dispatcher_killed_and_started_again(gateways):
    gateway = gateways.open({"dispatcher": {"commit_interval": "300ms"}})
    traffic = Traffic(gateway)

    for _ in range(3):
        traffic.wait_for(300)
        gateway.dispatcher.kill()
        gateway.start_dispatcher()
    traffic.wait_for(300)
    promised = traffic.stop()

    assert len(promised) >= 1200
    traffic.assert_all_arrive(promised)


def test_a_killed_dispatcher_repeats_little(gateways):
    """What was delivered is marked in Redis: only what was on its way at the kill may come twice."""
    gateway = gateways.open({"dispatcher": {"in_flight": IN_FLIGHT}})
    traffic = Traffic(gateway)
    traffic.wait_for(600)
    gateway.dispatcher.kill()
    gateway.start_dispatcher()
    promised = traffic.stop()
    traffic.assert_all_arrive(promised)

    assert len(sent_twice(gateway)) <= IN_FLIGHT


def test_ingress_killed_and_started_again(gateways):
    gateway = gateways.open()
    port = gateway.ingress.port
    traffic = Traffic(gateway)

    traffic.wait_for(300)
    gateway.ingress.kill()
    gateway.start_ingress(port=port).wait_ready()
    traffic.wait_for(300)
    promised = traffic.stop()

    traffic.assert_all_arrive(promised)


def test_a_second_dispatcher_comes_and_goes(gateways):
    """Rebalances lose nothing, and a clean one repeats nothing."""
    gateway = gateways.open({"queue": {"partitions": 4}})
    first = gateway.dispatcher
    traffic = Traffic(gateway)

    traffic.wait_for(300)
    second = gateway.start_dispatcher().wait_ready()
    wait_until(
        "the second one has partitions",
        lambda: second.metrics().sum("columba_dispatcher_partitions") > 0,
        60,
        [first, second],
    )
    traffic.wait_for(300)
    assert second.stop() == 0
    traffic.wait_for(300)
    promised = traffic.stop()

    traffic.assert_all_arrive(promised)
    assert sent_twice(gateway) == {}


def test_redis_killed_under_load(gateways):
    gateway = gateways.open()
    traffic = Traffic(gateway)

    traffic.wait_for(300)
    gateway.redis.process.kill()
    traffic.wait_for(300)
    gateway.redis.start()
    traffic.wait_for(300)
    promised = traffic.stop()

    traffic.assert_all_arrive(promised)


def test_256_connections_without_redis_do_not_stall(gateways):
    """Redis hides a lost wake-up of the HTTP server: only without it such a fault can be seen."""
    gateway = gateways.open()
    gateway.redis.stop()
    requests = ((name := unique(), json.dumps(push(name)).encode()) for _ in range(256 * 20))

    results = Load(lambda: gateway.ingress.port, 256, requests).start().join()

    assert len(results) == 256 * 20
    assert failures(results) == []


def test_provider_killed_under_load(gateways):
    gateway = gateways.open()
    traffic = Traffic(gateway)

    traffic.wait_for(300)
    gateway.fcm.process.kill()
    traffic.wait_for(300)
    gateway.fcm.start()
    traffic.wait_for(100)
    promised = traffic.stop()

    traffic.assert_all_arrive(promised)
    assert gateway.settled(outcome="rejected") == 0


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_kafka_ends_and_starts_again_under_load(fragile_gateways, end):
    gateway = fragile_gateways.open({"queue": {"ack_timeout": "5s"}})
    traffic = Traffic(gateway)

    traffic.wait_for(300)
    getattr(gateway.queue, end)()
    gateway.queue.start()
    traffic.wait_for(300)
    promised = traffic.stop()

    traffic.assert_all_arrive(promised)


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
