"""Redis is a help, not a need: without it notify answers 200, pushes arrive, nothing stalls; when
it is back, verdicts work again without a restart of anything."""

import json

from support.load import Load, failures
from support.matrix import push, unique
from support.processes import wait_until


def rejected(gateway, pushkey):
    return gateway.notify(push(pushkey)).rejected == [pushkey]


def test_stopped_and_started(gateways):
    gateway = gateways.open()
    dead = unique("dead")
    assert gateway.notify(push(dead)).rejected == []
    wait_until("the verdict", lambda: rejected(gateway, dead), 20, [gateway.dispatcher])

    gateway.redis.stop()
    gateway.deliver(push(during := unique()), during)
    assert gateway.notify(push(dead)).rejected == []
    assert gateway.ingress.is_ready() and gateway.dispatcher.is_ready()

    gateway.redis.start()
    other = unique("dead")
    wait_until("a verdict again", lambda: rejected(gateway, other), 30, [gateway.dispatcher])
    gateway.deliver(push(after := unique()), after)


def test_frozen_costs_no_push(gateways):
    gateway = gateways.open({"redis": {"timeout": "200ms"}})
    gateway.deliver(push(before := unique()), before)

    gateway.redis.freeze()
    pushkeys = [unique() for _ in range(20)]
    for pushkey in pushkeys:
        assert gateway.notify(push(pushkey)).rejected == []
    for pushkey in pushkeys:
        gateway.fcm.wait_for(pushkey)

    gateway.redis.thaw()
    dead = unique("dead")
    wait_until("a verdict again", lambda: rejected(gateway, dead), 30, [gateway.dispatcher])


def test_256_connections_do_not_stall_without_it(gateways):
    """Redis hides a lost wake-up of the HTTP server: only without it such a fault can be seen."""
    gateway = gateways.open()
    gateway.redis.stop()
    requests = ((name := unique(), json.dumps(push(name)).encode()) for _ in range(256 * 8))

    results = Load(lambda: gateway.ingress.port, 256, requests).start().join()

    assert len(results) == 256 * 8
    assert failures(results) == []


def test_flushed_breaks_nothing(gateways):
    gateway = gateways.open()
    dead = unique("dead")
    gateway.notify(push(dead))
    wait_until("the verdict", lambda: rejected(gateway, dead), 20, [gateway.dispatcher])

    gateway.redis.command("FLUSHALL")

    gateway.deliver(push(living := unique()), living)
    assert gateway.notify(push(dead)).rejected == []
    wait_until("the verdict anew", lambda: rejected(gateway, dead), 20, [gateway.dispatcher])
