"""Web Push: what arrives can be read with the subscription's private key alone, is signed for its
push service, and is sent nowhere that strangers must not reach."""

import pytest

from support.fake_provider import FakeEndpoint
from support.matrix import device, notification, unique

APP = "chat.columba.web"
GUARDED = "chat.columba.guarded"  # allows no networks
PROVIDER = FakeEndpoint


def apps(fake):
    return {APP: fake.webpush(), GUARDED: fake.webpush(allow_networks=[])}


def push(fake, name, app_id=APP, data=None, host="localhost", **fields):
    """The pushkey of that subscription, and a push for it."""
    pushkey, subscribed = fake.subscription(name, host, **(data or {}))
    return pushkey, notification(device(pushkey, app_id, data=subscribed), **fields)


def test_a_push_is_read_by_the_browser(served, fake):
    name = unique()
    _, body = push(
        fake, name, type="m.room.message", sender="@alice:columba.example",
        content={"msgtype": "m.text", "body": "Grüße 👋"},
    )

    assert served.notify(body).rejected == []
    (got,) = fake.wait_for(name)

    plaintext = got["plaintext"]
    assert plaintext["event_id"] == body["notification"]["event_id"]
    assert plaintext["content"]["body"] == "Grüße 👋"
    assert plaintext["unread"] == 1
    assert got["headers"]["urgency"] == "normal"
    assert got["headers"]["ttl"] == "900"
    assert "Grüße" not in got["body"]


def test_of_low_priority_and_the_last_of_its_room(served, fake):
    name = unique()

    for _ in range(2):
        _, body = push(fake, name, data={"only_last_per_room": True}, prio="low")
        assert served.notify(body).rejected == []
    first, second = fake.wait_for(name, 2)

    assert first["headers"]["urgency"] == "low"
    assert first["headers"]["topic"] == second["headers"]["topic"]
    assert first["plaintext"]["event_id"] != second["plaintext"]["event_id"]


def test_a_subscription_that_is_gone_is_rejected(served, fake):
    name = unique("dead")
    pushkey, body = push(fake, name)

    assert served.notify(body).rejected == []
    served.wait_outcomes(pushkey, outcome="rejected", app_id=APP)

    assert served.notify(push(fake, name)[1]).rejected == [pushkey]
    assert len(fake.received(name)) == 1


TROUBLE = ["denied", "unauthorized", "internal", "unavailable1", "html502", "hang", "reset"]


@pytest.mark.parametrize("answer", TROUBLE)
def test_trouble_rejects_nobody(served, fake, answer):
    name = unique()
    pushkey, body = push(fake, name)

    fake.control(answer=answer)
    assert served.notify(body).rejected == []
    served.wait_outcomes(pushkey, outcome="moved", app_id=APP)
    assert served.notify(push(fake, name)[1]).rejected == []

    fake.control(answer=None)
    fake.wait_for(name, 2, timeout_s=40)
    assert "rejected" not in served.outcomes(pushkey, APP)


def test_a_redirect_is_not_followed(served, fake):
    pushkey, body = push(fake, unique("redirect"))

    assert served.notify(body).rejected == []
    served.wait_outcomes(pushkey, outcome="dead", app_id=APP)

    assert fake.received("elsewhere") == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1", "[::ffff:127.0.0.1]"])
def test_an_inner_address_itself_is_rejected_and_not_called(served, fake, host):
    connections = fake.stats()["connections"]
    name = unique()
    pushkey, body = push(fake, name, GUARDED, host=host)

    assert served.notify(body).rejected == []
    served.wait_outcomes(pushkey, outcome="rejected", app_id=GUARDED)

    assert served.notify(body).rejected == [pushkey]
    assert fake.received(name) == []
    assert fake.stats()["connections"] == connections
