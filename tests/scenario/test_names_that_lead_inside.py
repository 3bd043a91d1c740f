"""Endpoints of browsers and of UnifiedPush whose names lead to where strangers must not reach: nobody
is called there, and nobody is rejected, for a DNS sinkhole is an outage and not the end of a pushkey."""

import pytest

from support.columba import hash_of
from support.fake_provider import FakeEndpoint
from support.gateways import open_gateway
from support.matrix import device, notification, unique
from support.names import with_names

PROVIDER = FakeEndpoint
LOOPBACK = "loopback.push.example"
NAMES = {
    LOOPBACK: "127.0.0.1",
    "sinkhole.push.example": "0.0.0.0",
    "inner.push.example": "10.0.0.1",
    "metadata.push.example": "169.254.169.254",
}
KINDS = ("webpush", "unifiedpush")


@pytest.fixture(scope="module")
def led(tmp_path_factory, make_queue, fake):
    """A gateway for which those names resolve; each kind has an app that may go to loopback."""
    directory = tmp_path_factory.mktemp("led")
    apps = {}
    for kind in KINDS:
        make = getattr(fake, kind)
        apps |= {f"guarded.{kind}": make(allow_networks=[]), f"open.{kind}": make()}
    with make_queue(directory) as queue:
        with open_gateway(directory, queue, {"apps": apps}, started=False) as gateway:
            gateway.make_program = with_names(NAMES)
            gateway.start()
            yield gateway


def push(fake, app_id, name, host):
    """The pushkey of an endpoint there, and a push for it."""
    if app_id.endswith("webpush"):
        pushkey, data = fake.subscription(name, host)
    else:
        pushkey, data = fake.address(name, host), {}
    return pushkey, notification(device(pushkey, app_id, data=data))


def reasons(gateway, app_id, pushkey):
    return {
        line.get("reason")
        for line in gateway.dispatcher.settled_lines()
        if line.get("pushkey") == hash_of(app_id, pushkey)
    }


@pytest.mark.parametrize("host", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_held_and_not_called(led, fake, kind, host):
    app_id = f"guarded.{kind}"
    connections = fake.stats()["connections"]
    name = unique()
    pushkey, body = push(fake, app_id, name, host)

    assert led.notify(body).rejected == []
    led.wait_outcomes(pushkey, outcome="moved", app_id=app_id)

    assert reasons(led, app_id, pushkey) == {"forbidden_address"}
    assert led.notify(push(fake, app_id, name, host)[1]).rejected == []
    assert "rejected" not in led.outcomes(pushkey, app_id)
    assert fake.received(name) == []
    assert fake.stats()["connections"] == connections


@pytest.mark.parametrize("kind", KINDS)
def test_where_the_operator_allows_it_the_push_arrives(led, fake, kind):
    name = unique()
    _, body = push(fake, f"open.{kind}", name, LOOPBACK)

    assert led.notify(body).rejected == []
    fake.wait_for(name)


def test_what_was_held_arrives_when_the_name_leads_out_again(gateways, fake):
    app_id = "open.unifiedpush"
    gateway = gateways.open({"apps": {app_id: fake.unifiedpush()}}, started=False)
    gateway.make_program = with_names({LOOPBACK: "10.0.0.1"})
    gateway.start()
    name = unique()
    pushkey, body = push(fake, app_id, name, LOOPBACK)
    assert gateway.notify(body).rejected == []
    gateway.wait_outcomes(pushkey, outcome="moved", app_id=app_id)
    assert gateway.dispatcher.stop() == 0

    gateway.make_program = with_names({LOOPBACK: "127.0.0.1"})
    gateway.start_dispatcher().wait_ready()

    fake.wait_for(name, timeout_s=40)
    gateway.wait_outcomes(pushkey, outcome="delivered", app_id=app_id)
