"""Redis is a help, not a need: without it notify answers 200, pushes arrive, nothing stalls; when
it is back, verdicts work again without a restart of anything."""

import json

from support.load import Load, failures
from support.matrix import push, unique


def assert_verdicts_work(gateway):
    """A pushkey that has just earned its verdict."""
    gateway.wait_for_redis()
    dead = unique("dead")
    assert gateway.notify(push(dead)).rejected == []
    gateway.wait_outcomes(dead, outcome="rejected")
    assert gateway.notify(push(dead)).rejected == [dead]
    return dead


def test_stopped_and_started(own):
    dead = assert_verdicts_work(own)

    own.redis.stop()
    own.deliver(push(during := unique()), during)
    assert own.notify(push(dead)).rejected == []
    assert own.ingress.is_ready() and own.dispatcher.is_ready()

    own.redis.start()
    assert_verdicts_work(own)
    own.deliver(push(after := unique()), after)


def test_frozen_costs_no_push(own):
    own.deliver(push(before := unique()), before)

    own.redis.freeze()
    pushkeys = [unique() for _ in range(20)]
    for pushkey in pushkeys:
        assert own.notify(push(pushkey)).rejected == []
    for pushkey in pushkeys:
        own.fcm.wait_for(pushkey)

    own.redis.thaw()
    assert_verdicts_work(own)


def test_256_connections_do_not_stall_without_it(own):
    """Redis hides a lost wake-up of the HTTP server: only without it such a fault can be seen."""
    own.redis.stop()
    requests = ((name := unique(), json.dumps(push(name)).encode()) for _ in range(256 * 8))

    results = Load(lambda: own.ingress.port, 256, requests).start().join()

    own.redis.start()
    assert len(results) == 256 * 8
    assert failures(results) == []


def test_flushed_breaks_nothing(own):
    dead = assert_verdicts_work(own)

    own.redis.command("FLUSHALL")

    own.deliver(push(living := unique()), living)
    assert own.notify(push(dead)).rejected == []
    own.wait_outcomes(dead, 2, outcome="rejected")
    assert own.notify(push(dead)).rejected == [dead]
