"""Whatever the provider does for a while, under load: all is delivered afterwards and nothing is
rejected; only a push whose answer got lost on the way comes twice."""

import contextlib

import pytest

from support.chaos import IS_LONG
from support.processes import wait_until
from support.traffic import Traffic

SETTINGS = {"dispatcher": {"request_timeout": "1s"}}
DURING = 1500 if IS_LONG else 150


@contextlib.contextmanager
def down(gateway):
    gateway.fcm.process.kill()
    yield
    gateway.fcm.start()


def told(fault, mended):
    """A fault that the fake is told of, and how it is told that all is well."""

    @contextlib.contextmanager
    def happen(gateway):
        gateway.fcm.control(**fault)
        yield
        gateway.fcm.control(**mended)

    return happen


def answering(answer):
    return told({"answer": answer}, {"answer": None})


def latching(answer):
    """What is taken for a wrong configuration, until there is another."""

    @contextlib.contextmanager
    def happen(gateway):
        with answering(answer)(gateway):
            yield
        use_new_key(gateway)

    return happen


def showing(certificate):
    return told({"tls": certificate}, {"tls": "server"})


FAULTS = {
    "down": down,
    "503 with Retry-After": answering("unavailable1"),
    "429 with Retry-After": answering("quota1"),
    "500": answering("internal"),
    "HTML 502": answering("html502"),
    "HTML 404": latching("html404"),
    "GOAWAY after every 5 requests": told({"goaway_every": 5}, {"goaway_every": 0}),
    "streams reset": answering("reset"),
    "connections reset": answering("drop"),
    "answers after the deadline": answering("slow1500"),
    "half answers": answering("half"),
    "TLS: certificate expired": showing("expired"),
    "TLS: certificate of another name": showing("othername"),
    "TLS: certificate of a stranger": showing("stranger"),
    "credential refused": latching("denied"),
}


def uncertain(gateway):
    return gateway.dispatcher.metrics().sum("columba_dispatcher_uncertain_total")


def has_backlog(gateway, traffic):
    """Nobody is told any more."""
    return len(traffic.promised) - len(gateway.fcm.delivered()) >= 20


# How it shows that a fault is felt, where it is not by what does not arrive.
FELT = {
    "GOAWAY after every 5 requests": lambda gateway, _: gateway.fcm.stats()["connections"] > 20,
    "answers after the deadline": lambda gateway, _: uncertain(gateway) > 0,
}


def use_new_key(gateway):
    """Another credential has a gate of its own: one without a past."""
    gateway.fcm.control(rotate=True)
    gateway.dispatcher.hang_up()


@pytest.mark.parametrize("fault", FAULTS)
def test_provider(own, fault):
    use_new_key(own)
    uncertain_before = uncertain(own)
    own.fcm.forget()
    traffic = Traffic(own).start()
    traffic.wait_for(30)
    with FAULTS[fault](own):
        traffic.wait_for(DURING)
        felt = FELT.get(fault, has_backlog)
        wait_until("it is felt", lambda: felt(own, traffic), 40)
    traffic.wait_for(30)
    account = traffic.stop().settle(f"provider: {fault}")

    assert account.lost == []
    assert len(account.twice) <= uncertain(own) - uncertain_before
    assert own.settled(outcome="rejected") == own.settled(outcome="dead") == 0
    assert own.redis.keys("columba:v:*") == []


def test_the_credential_is_refused_from_the_first_push_to_the_last(own):
    use_new_key(own)
    own.fcm.forget()
    with latching("denied")(own):
        traffic = Traffic(own).start()
        traffic.wait_for(2 * DURING)
        traffic.stop()
        assert own.fcm.delivered() == []
    account = traffic.settle("provider: credential refused for the whole run")

    assert account.lost == account.twice == []
    assert own.settled(outcome="rejected") == own.settled(outcome="dead") == 0
    assert own.redis.keys("columba:v:*") == []
