"""APNs: each kind of push arrives as Apple wants it, within the streams that it allows; a token that
is dead is rejected, and whatever else it says rejects nobody."""

import base64
import re

import pytest

from support.fake_provider import FakeApns
from support.matrix import device, event_id, notification, now_s, unique

APP = "chat.columba.ios"
OTHER_KEY = "chat.columba.ios.other"  # of the same team
PROVIDER = FakeApns


def apps(fake):
    other = {"keyfile": fake.ready["other_key_file"], "key_id": fake.ready["other_key_id"]}
    return {APP: fake.app(voip_topic=fake.ready["topic"]), OTHER_KEY: fake.app(**other)}


def pushkey_of(name):
    """As clients register it: the token, which spells the name, as base64."""
    return base64.b64encode(name.encode()).decode()


def push(name, data=None, registered_at=None, **fields):
    named = device(pushkey_of(name), APP, data=data or {})
    named["pushkey_ts"] = registered_at or named["pushkey_ts"]
    return notification(named, **fields)


def test_an_event_id_arrives_as_an_alert(served, fake):
    name = unique()
    data = {"default_payload": {"aps": {"mutable-content": 1, "alert": {"loc-key": "Notification"}}}}
    body = push(name, data)

    assert served.notify(body).rejected == []
    (got,) = fake.wait_for(name)

    assert got["headers"]["apns-push-type"] == "alert"
    assert got["headers"]["apns-priority"] == "10"
    assert re.fullmatch(r"[0-9a-f-]{36}", got["headers"]["apns-id"])
    assert got["body"]["event_id"] == body["notification"]["event_id"]
    assert got["body"]["aps"]["mutable-content"] == 1
    assert got["body"]["unread_count"] == 1


def test_a_message_arrives_with_its_words(served, fake):
    name = unique()
    body = push(
        name, type="m.room.message", sender="@alice:columba.example", sender_display_name="Alice",
        room_name="Kitchen", content={"msgtype": "m.text", "body": "👋" * 3000}, prio="low",
    )

    assert served.notify(body).rejected == []
    (got,) = fake.wait_for(name)

    assert got["headers"]["apns-priority"] == "5"
    alert = got["body"]["aps"]["alert"]
    assert alert["loc-key"] == "MSG_FROM_USER_IN_ROOM_WITH_CONTENT"
    assert set(alert["loc-args"][2]) == {"👋"}
    assert got["body"]["aps"]["badge"] == 1


def test_a_call_arrives_as_a_voip_push(served, fake):
    name = unique()
    body = push(
        name, type="m.call.invite", sender="@alice:columba.example",
        content={"offer": {"type": "offer", "sdp": "v=0"}},
    )

    assert served.notify(body).rejected == []
    (got,) = fake.wait_for(name)

    assert got["headers"]["apns-push-type"] == "voip"
    assert got["headers"]["apns-topic"].endswith(".voip")


@pytest.mark.parametrize("answer", ["dead60", "expiredtoken60"])
def test_a_dead_token_is_rejected(served, fake, answer):
    name = unique(answer)

    assert served.notify(push(name)).rejected == []
    served.wait_outcomes(pushkey_of(name), outcome="rejected", app_id=APP)

    assert served.notify(push(name)).rejected == [pushkey_of(name)]
    assert len(fake.received(name)) == 1


def test_a_token_registered_after_its_death_lives(served, fake):
    """dead9000 died 9000 s ago; the pusher is younger."""
    name = unique("dead9000")

    assert served.notify(push(name, registered_at=now_s() - 60)).rejected == []
    assert served.wait_outcomes(pushkey_of(name), app_id=APP) == ["dropped"]

    assert served.notify(push(name, registered_at=now_s() - 60)).rejected == []


@pytest.mark.parametrize("answer", ["bad", "wrongtopic"])
def test_what_may_be_our_configuration_rejects_nobody_unearned(gateways, fake, answer):
    gateway = gateways.open({"apps": apps(fake)})
    name = unique(answer)

    assert gateway.notify(push(name)).rejected == []
    gateway.wait_outcomes(pushkey_of(name), outcome="moved", app_id=APP)
    assert gateway.notify(push(name)).rejected == []

    living = unique()
    assert gateway.notify(push(living)).rejected == []
    gateway.wait_outcomes(pushkey_of(living), outcome="delivered", app_id=APP)
    gateway.wait_outcomes(pushkey_of(name), outcome="rejected", app_id=APP)
    assert gateway.notify(push(name)).rejected == [pushkey_of(name)]


TROUBLE = [
    "disallowed", "forbidden", "badcert", "expired", "invalid", "internal",
    "unavailable1", "html502", "html404", "hang", "reset",
]


@pytest.mark.parametrize("answer", TROUBLE)
def test_trouble_rejects_nobody(served, fake, answer):
    name = unique()

    fake.control(answer=answer)
    assert served.notify(push(name)).rejected == []
    served.wait_outcomes(pushkey_of(name), outcome="moved", app_id=APP)
    assert served.notify(push(name)).rejected == []

    fake.control(answer=None)
    fake.wait_for(name, 2, timeout_s=40)
    assert "rejected" not in served.outcomes(pushkey_of(name), APP)


def test_too_many_tokens_reject_nobody(gateways, fake):
    """It makes a gateway wait for a minute, which is one of its own therefore."""
    gateway = gateways.open({"apps": apps(fake)})
    name = unique("updates")

    assert gateway.notify(push(name)).rejected == []
    gateway.wait_outcomes(pushkey_of(name), outcome="moved", app_id=APP)

    assert gateway.notify(push(name)).rejected == []
    assert len(fake.received(name)) == 1


def test_an_app_of_another_topic_rejects_nobody(gateways, fake):
    gateway = gateways.open({"apps": {APP: fake.app(topic="chat.columba.other")}})
    name = unique()

    assert gateway.notify(push(name)).rejected == []
    gateway.wait_outcomes(pushkey_of(name), outcome="moved", app_id=APP)

    assert {line["status"] for line in fake.received(name)} == {400}
    assert gateway.notify(push(name)).rejected == []


@pytest.mark.parametrize("kind", ["goaway", "shutdown", "refuse"])
def test_what_apple_did_not_look_at_is_sent_again_at_once(served, fake, kind):
    name = unique(kind)

    assert served.notify(push(name)).rejected == []
    fake.wait_for(name)

    assert served.wait_outcomes(pushkey_of(name), app_id=APP) == ["delivered"]
    ids = {line["headers"]["apns-id"] for line in fake.received(name)}
    assert len(ids) == 1


def test_a_new_connection_has_one_stream_until_its_first_answer(served, fake):
    """Many at once on fresh connections: what comes too early would be refused."""
    before = fake.control(close=True)
    names = [unique() for _ in range(60)]
    devices = [device(pushkey_of(name), APP) for name in names]

    assert served.notify(notification(*devices, event_id=event_id())).rejected == []

    for name in names:
        served.wait_outcomes(pushkey_of(name), outcome="delivered", app_id=APP)
        assert [line["status"] for line in fake.received(name)] == [200]
    after = fake.stats()
    assert after["connections"] > before["connections"]
    # test_what_apple_did_not_look_at_is_sent_again_at_once has refused one of its own accord.
    assert after["refused_streams"] == before["refused_streams"]


def test_keys_have_connections_of_their_own(served, fake):
    """Apple takes a connection to be for the key that was first shown on it."""
    names = [unique() for _ in range(30)]
    for i, name in enumerate(names):
        named = device(pushkey_of(name), (APP, OTHER_KEY)[i % 2])
        assert served.notify(notification(named)).rejected == []

    for name in names:
        fake.wait_for(name)
        assert [line["status"] for line in fake.received(name)] == [200]
