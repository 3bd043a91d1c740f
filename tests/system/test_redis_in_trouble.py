"""Redis stopped, frozen, flushed, read-only or full, under load: no push is lost or rejected, and
when it is well again verdicts are kept without a restart of anything."""

import contextlib

import pytest

from support.chaos import frozen
from support.matrix import push, unique
from support.processes import wait_until
from support.traffic import Traffic

POLICIES = [
    "noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random",
    "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
]
ROOM_BYTES = 100_000
FILLER_BYTES = 5_000


@contextlib.contextmanager
def stopped(redis):
    redis.stop()
    yield
    redis.start()


@contextlib.contextmanager
def flushed(redis):
    redis.command("FLUSHALL")
    yield
    redis.command("FLUSHALL")


@contextlib.contextmanager
def read_only(redis):
    """As a replica that nobody promoted: it answers questions and refuses writes."""
    redis.command("REPLICAOF", "127.0.0.1", "9")
    yield
    redis.command("REPLICAOF", "NO", "ONE")


def fill(redis):
    """Until it has to evict or refuse; what fills it has a lifetime, as all of Columba's has."""

    def evicted():
        return int(redis.info("stats")["evicted_keys"])

    before = evicted()
    for number in range(1000):
        try:
            redis.command("SET", f"filler:{number}", "x" * FILLER_BYTES, "EX", 3600)
        except ValueError as refused:
            assert "OOM" in str(refused)
            return
        if evicted() > before:
            return
    raise AssertionError("it was never full")


def full(policy):
    @contextlib.contextmanager
    def fault(redis):
        used = int(redis.info("memory")["used_memory"])
        redis.command("CONFIG", "SET", "maxmemory-policy", policy)
        redis.command("CONFIG", "SET", "maxmemory", used + ROOM_BYTES)
        fill(redis)
        yield
        redis.command("CONFIG", "SET", "maxmemory", 0)
        redis.command("FLUSHALL")

    return fault


FAULTS = {
    "stopped": stopped,
    "frozen": frozen,
    "FLUSHALL": flushed,
    "a read-only replica": read_only,
    **{f"full, {policy}": full(policy) for policy in POLICIES},
}


def assert_verdicts_are_kept(gateway):
    gateway.wait_for_redis()
    dead = unique("dead")
    assert gateway.notify(push(dead)).rejected == []
    gateway.wait_outcomes(dead, outcome="rejected")
    wait_until("the verdict is known", lambda: gateway.notify(push(dead)).rejected == [dead])


# The others evict alike.
SHORT = {"noeviction", "allkeys-lru", "volatile-ttl"}
LONG = {f"full, {policy}" for policy in POLICIES if policy not in SHORT}


@pytest.mark.parametrize(
    "fault", [pytest.param(name, marks=[pytest.mark.long] * (name in LONG)) for name in FAULTS]
)
def test_redis(own, fault):
    rejected = own.settled(outcome="rejected")
    traffic = Traffic(own).start()
    traffic.wait_for(50)
    with FAULTS[fault](own.redis):
        traffic.wait_for(200)
        assert own.ingress.is_ready() and own.dispatcher.is_ready()
    traffic.wait_for(50)
    account = traffic.stop().settle(f"Redis: {fault}")

    assert account.lost == []
    assert account.twice == []
    assert own.settled(outcome="rejected") == rejected
    assert_verdicts_are_kept(own)
