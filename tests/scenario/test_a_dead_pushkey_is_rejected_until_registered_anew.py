"""What the provider calls dead is named in the next answer and not sent again; a client that
registers anew (a greater pushkey_ts) is delivered to at once."""

import pytest

from support.matrix import APP_ID, device, notification, now_s, unique


def die(gateway, pushkey, registered_at):
    """One push earns the verdict; how many requests the provider saw until then."""
    body = notification(device(pushkey, pushkey_ts=registered_at))
    assert gateway.notify(body).rejected == []
    gateway.wait_outcomes(pushkey, outcome="rejected")
    return len(gateway.fcm.received(pushkey))


def test_rejected_in_the_next_answer_and_not_sent_again(gateway):
    pushkey, registered_at = unique("dead"), now_s() - 500
    seen = die(gateway, pushkey, registered_at)
    assert seen == 1

    for _ in range(3):
        body = notification(device(pushkey, pushkey_ts=registered_at))
        assert gateway.notify(body).rejected == [pushkey]

    assert len(gateway.fcm.received(pushkey)) == seen


def test_only_the_dead_one_of_several(gateway):
    dead, living, registered_at = unique("dead"), unique(), now_s() - 500
    die(gateway, dead, registered_at)

    body = notification(device(dead, pushkey_ts=registered_at), device(living))
    assert gateway.notify(body).rejected == [dead]

    gateway.fcm.wait_for(living)


def test_registered_anew_it_is_delivered_to(gateway):
    """The provider knows it again: the answer for this token is success from now on."""
    pushkey, registered_at = unique("dead"), now_s() - 500
    seen = die(gateway, pushkey, registered_at)
    gateway.fcm.control(revive=pushkey)

    body = notification(device(pushkey, pushkey_ts=registered_at + 1))
    assert gateway.notify(body).rejected == []

    gateway.fcm.wait_for(pushkey)
    assert len(gateway.fcm.received(pushkey)) == seen + 1
    older = notification(device(pushkey, pushkey_ts=registered_at))
    assert gateway.notify(older).rejected == [pushkey]


def test_seconds_and_milliseconds_are_the_same_time(gateway):
    pushkey, registered_at = unique("dead"), now_s() - 500
    die(gateway, pushkey, registered_at)

    same = notification(device(pushkey, pushkey_ts=registered_at * 1000))
    assert gateway.notify(same).rejected == [pushkey]

    later = notification(device(pushkey, pushkey_ts=registered_at * 1000 + 1))
    assert gateway.notify(later).rejected == []


@pytest.mark.parametrize("untrusted", [now_s() + 10 * 86400, -5, "now", None])
def test_a_pushkey_ts_that_cannot_be_lifts_no_verdict(gateway, untrusted):
    pushkey = unique("dead")
    die(gateway, pushkey, now_s() - 500)

    body = notification(device(pushkey, pushkey_ts=untrusted))

    assert gateway.notify(body).rejected == [pushkey]


def test_without_pushkey_ts_the_verdict_holds_for_a_day_at_most(gateway):
    pushkey = unique("dead")
    keys_before = set(gateway.redis.keys("columba:v:*"))
    die(gateway, pushkey, None)

    (key,) = set(gateway.redis.keys("columba:v:*")) - keys_before
    assert 0 < gateway.redis.command("TTL", key) <= 86400


def test_with_pushkey_ts_it_holds_for_ninety_days(gateway):
    pushkey = unique("dead")
    keys_before = set(gateway.redis.keys("columba:v:*"))
    die(gateway, pushkey, now_s() - 500)

    (key,) = set(gateway.redis.keys("columba:v:*")) - keys_before
    assert 89 * 86400 < gateway.redis.command("TTL", key) <= 90 * 86400


def test_the_verdict_is_of_the_app_and_the_pushkey(gateway):
    """The same token under another app_id is another pusher."""
    pushkey, registered_at = unique("dead"), now_s() - 500
    die(gateway, pushkey, registered_at)

    other = gateway.start_ingress(apps={"chat.columba.other": gateway.fcm.app()}).wait_ready()
    gateway.wait_for_redis()
    with other.client() as client:
        for app_id, rejected in ((APP_ID, [pushkey]), ("chat.columba.other", [])):
            body = notification(device(pushkey, app_id, pushkey_ts=registered_at))
            assert client.notify(body).rejected == rejected
    other.check_end(other.stop())


def test_a_record_of_a_dead_pushkey_already_queued_is_not_sent(gateway):
    """Two pushes at once: whichever is second meets the verdict, or the provider, never both."""
    pushkey, registered_at = unique("dead"), now_s() - 500
    for _ in range(2):
        body = notification(device(pushkey, pushkey_ts=registered_at))
        assert gateway.notify(body).rejected in ([], [pushkey])

    gateway.wait_outcomes(pushkey, outcome="rejected")
    last = notification(device(pushkey, pushkey_ts=registered_at))
    assert gateway.notify(last).rejected == [pushkey]
    assert len(gateway.fcm.received(pushkey)) == 1
