"""A homeserver that repeats an event, because an answer got lost, makes no phone ring twice. What
is no repetition is never taken for one."""

import pytest

from support.matrix import badge, device, event_id, notification, push, unique

SELF_TEST = "$THIS_IS_A_FAKE_EVENT_ID"


def send(gateway, body):
    """Notifies, and waits until its record has its outcome."""
    pushkey = body["notification"]["devices"][0]["pushkey"]
    before = len(gateway.outcomes(pushkey))
    assert gateway.notify(body).rejected == []
    gateway.wait_outcomes(pushkey, before + 1)


def count(gateway, pushkey):
    return len(gateway.fcm.received(pushkey))


def test_the_same_event_is_delivered_once(gateway):
    body = push(pushkey := unique())

    for _ in range(3):
        send(gateway, body)

    assert count(gateway, pushkey) == 1
    assert gateway.outcomes(pushkey) == ["delivered", "dropped", "dropped"]


def test_counts_and_names_computed_anew_make_no_new_event(gateway):
    event, pushkey = event_id(), unique()

    send(gateway, push(pushkey, event_id=event, counts={"unread": 1}, sender_display_name="Ada"))
    send(gateway, push(pushkey, event_id=event, counts={"unread": 2}, sender_display_name="A."))

    assert count(gateway, pushkey) == 1


def test_the_older_name_of_event_id_counts(gateway):
    pushkey = unique()
    body = push(pushkey, event_id=None, id=event_id())

    send(gateway, body)
    send(gateway, body)

    assert count(gateway, pushkey) == 1


def test_a_repetition_after_a_failure_is_delivered(gateway):
    """Only what was delivered is marked: the first try of flaky1 failed, its retry succeeds, and
    the homeserver's repetition in between is not what the phone misses."""
    body = push(pushkey := unique("flaky1"))

    assert gateway.notify(body).rejected == []
    gateway.wait_outcomes(pushkey, outcome="delivered")
    send(gateway, body)

    assert len(gateway.fcm.delivered(pushkey)) == 1
    assert gateway.outcomes(pushkey) == ["moved", "delivered", "dropped"]


@pytest.mark.parametrize(
    "first, second",
    [
        ({"event_id": event_id()}, {"event_id": event_id()}),
        ({"event_id": SELF_TEST}, {"event_id": SELF_TEST}),
        ({"event_id": None}, {"event_id": None}),
        ({"event_id": "", "id": ""}, {"event_id": "", "id": ""}),
    ],
    ids=["other_event", "self_test", "no_event", "empty_event"],
)
def test_what_is_no_repetition_is_delivered_each_time(gateway, first, second):
    pushkey = unique()

    send(gateway, push(pushkey, **first))
    send(gateway, push(pushkey, **second))

    assert len(gateway.fcm.delivered(pushkey)) == 2


def test_two_accounts_on_one_phone_are_both_told(gateway):
    event, pushkey = event_id(), unique()

    for account in ("one", "two"):
        data = {"default_payload": {"cs": account}}
        send(gateway, notification(device(pushkey, data=data), event_id=event))

    found = [line["body"]["message"]["data"]["cs"] for line in gateway.fcm.delivered(pushkey)]
    assert found == ["one", "two"]


def test_a_badge_is_never_taken_for_a_repetition(gateway):
    pushkey = unique()

    for unread in (3, 2, 2, 1):
        send(gateway, badge(pushkey, unread))

    found = [line["body"]["message"]["data"]["unread"] for line in gateway.fcm.delivered(pushkey)]
    assert found == ["3", "2", "2", "1"]
