"""UnifiedPush: the endpoint gets the notify body without its devices; only an endpoint that is
gone is rejected."""

import pytest

from support.fake_provider import FakeEndpoint
from support.matrix import device, notification, unique

APP = "chat.columba.unifiedpush"
PROVIDER = FakeEndpoint


def apps(fake):
    return {APP: fake.unifiedpush()}


def push(pushkey, **fields):
    return notification(device(pushkey, APP), **fields)


def test_the_endpoint_gets_the_body_without_devices(served, fake):
    name = unique()
    body = push(fake.address(name), content={"body": "Grüße 👋"}, sender="@alice:columba.example")

    assert served.notify(body).rejected == []
    (got,) = fake.wait_for(name)

    sent = dict(body["notification"])
    del sent["devices"]
    assert got["body"] == {"notification": sent}
    assert got["headers"]["ttl"] == "86400"
    assert "authorization" not in got["headers"]


@pytest.mark.parametrize("answer", ["dead"])
def test_an_endpoint_that_is_gone_is_rejected(served, fake, answer):
    name = unique(answer)
    pushkey = fake.address(name)

    assert served.notify(push(pushkey)).rejected == []
    served.wait_outcomes(pushkey, outcome="rejected", app_id=APP)

    assert served.notify(push(pushkey)).rejected == [pushkey]
    assert len(fake.received(name)) == 1


TROUBLE = [
    "denied", "unauthorized", "toomany1", "internal", "full", "html502", "hang", "reset",
]


@pytest.mark.parametrize("answer", TROUBLE)
def test_trouble_of_an_endpoint_rejects_nobody(served, fake, answer):
    """Each endpoint waits for itself: the next one is served at once."""
    name = unique(answer)
    pushkey, other = fake.address(name), unique()

    assert served.notify(push(pushkey)).rejected == []
    served.wait_outcomes(pushkey, outcome="moved", app_id=APP)
    assert served.notify(push(fake.address(other))).rejected == []
    fake.wait_for(other)

    fake.control(revive=name)
    fake.wait_for(name, timeout_s=40)
    assert "rejected" not in served.outcomes(pushkey, APP)


def test_an_endpoint_that_is_not_trusted(gateways, fake):
    """A TLS failure: another authority's certificate."""
    gateway = gateways.open(started=False)
    gateway.settings["apps"][APP] = fake.unifiedpush(ca_file=gateway.fcm.ready["ca_file"])
    gateway.start()
    name = unique()
    pushkey = fake.address(name)

    assert gateway.notify(push(pushkey)).rejected == []
    gateway.wait_outcomes(pushkey, outcome="moved", app_id=APP)

    assert gateway.notify(push(pushkey)).rejected == []
    assert fake.received(name) == []
