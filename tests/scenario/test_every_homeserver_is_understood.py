"""Every shape that homeservers and apps are known to send is accepted, and reaches the phone."""

import json
from pathlib import Path

import pytest

from support.matrix import APP_ID, event_id, push, unique

SHAPES = sorted((Path(__file__).parent / "shapes").glob("*.json"))

# What the phone has to find in its push beyond event_id and room_id.
FOUND_IN_DATA = {
    "synapse_badge": {"unread": "7"},
    "synapse_event_id_only": {"unread": "2", "cs": "b0c1"},
    "synapse_full_group": {"prio": "normal", "content_msgtype": "m.text"},
    "synapse_member_event": {"membership": "invite", "room_name": "Analytical Engines"},
    "dendrite": {"room_name": "R & D <test>", "content_body": "1 < 2", "prio": "high"},
    "tuwunel_badge": {"unread": "4", "missed_calls": "1"},
    "fluffychat_default_payload": {"n": "1", "sender": "@a:example.com"},
}


@pytest.mark.parametrize("path", SHAPES, ids=[path.stem for path in SHAPES])
def test_shape_is_delivered(gateway, path):
    pushkey, event = unique(), event_id()
    text = path.read_text(encoding="utf-8")
    body = text.replace("PUSHKEY", pushkey).replace('"EVENT"', json.dumps(event)).encode()

    message = gateway.deliver(body, pushkey)["body"]["message"]

    sent = json.loads(body)["notification"]
    data = message["data"]
    if sent.get("event_id"):
        assert data["event_id"] == sent["event_id"]
        assert data.get("room_id") == sent.get("room_id")
    expected = FOUND_IN_DATA.get(path.stem, {})
    assert {name: data.get(name) for name in expected} == expected
    assert message["android"]["priority"] == ("normal" if sent.get("prio") == "low" else "high")


def test_expectations_name_shapes_that_exist():
    assert set(FOUND_IN_DATA) <= {path.stem for path in SHAPES}
    assert len(SHAPES) >= 19


def test_event_of_64_kilobytes_is_made_to_fit(gateway):
    pushkey = unique()
    content = {"msgtype": "m.text", "body": "\u00fc" * 30000}
    body = push(pushkey, type="m.room.message", sender="@a:example.com", content=content)

    data = gateway.deliver(body, pushkey)["body"]["message"]["data"]

    assert data["event_id"] == body["notification"]["event_id"]
    assert data["content_body"].startswith("\u00fc" * 100)


def test_every_device_of_one_notification_is_delivered(gateway):
    pushkeys = [unique() for _ in range(5)]
    body = push(pushkeys[0])
    body["notification"]["devices"] = [
        {"app_id": APP_ID, "pushkey": pushkey, "pushkey_ts": 1731999000} for pushkey in pushkeys
    ]

    assert gateway.notify(body).rejected == []

    for pushkey in pushkeys:
        found = gateway.fcm.wait_for(pushkey)
        assert found[0]["body"]["message"]["data"]["event_id"] == body["notification"]["event_id"]
