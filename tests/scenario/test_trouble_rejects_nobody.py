"""Only an answer that says so makes a pushkey dead. Whatever else goes wrong between here and the
provider rejects nobody, and when it is over the push arrives."""

import pytest

from support.matrix import APP_ID, device, notification, push, unique

# How the provider answers everybody for a while.
TROUBLE = [
    "internal",
    "unavailable1",
    "quota1",
    "html502",
    "html404",
    "expired",
    "denied",
    "thirdparty",
    "hang",
    "reset",
    "half",
    "drop",
]
# Said of a pushkey, but as likely said of our own configuration: believed only when earned.
AMBIGUOUS = ["notfound", "invalid", "mismatch"]


def assert_nobody_is_rejected(gateway, pushkey):
    assert gateway.notify(push(pushkey)).rejected == []
    assert gateway.settled(outcome="rejected") == 0
    assert gateway.redis.keys("columba:v:*") == []


def notify_and_see_it_moved(gateway, pushkey):
    """The push did not arrive, and lives on in a retry topic."""
    assert gateway.notify(push(pushkey)).rejected == []
    gateway.wait_outcomes(pushkey, outcome="moved")
    assert gateway.fcm.delivered(pushkey) == []


@pytest.mark.parametrize("answer", TROUBLE)
def test_provider_in_trouble(own, answer):
    pushkey = unique()

    own.fcm.control(answer=answer)
    notify_and_see_it_moved(own, pushkey)
    assert_nobody_is_rejected(own, pushkey)

    own.fcm.control(answer=None)
    own.fcm.wait_for(pushkey, count=2, timeout_s=40)
    assert_nobody_is_rejected(own, pushkey)
    own.fcm.wait_for(pushkey, count=3)


@pytest.mark.parametrize("answer", AMBIGUOUS)
def test_an_ambiguous_answer_rejects_only_what_successes_have_earned(gateways, answer):
    gateway = gateways.open()
    first, second, living, dead = unique(), unique(), unique(), unique()

    gateway.fcm.control(answer=answer)
    for pushkey in (first, second):
        notify_and_see_it_moved(gateway, pushkey)
        assert_nobody_is_rejected(gateway, pushkey)
    assert gateway.dispatcher.metrics().sum("columba_dispatcher_withheld_total") >= 2

    gateway.fcm.control(answer=None)
    for pushkey in (first, second):
        gateway.fcm.wait_for(pushkey, timeout_s=40)
    assert gateway.notify(push(living)).rejected == []
    gateway.wait_outcomes(living, outcome="delivered")
    gateway.fcm.control(answer=answer)
    assert gateway.notify(push(dead)).rejected == []
    gateway.wait_outcomes(dead, outcome="rejected")
    assert gateway.notify(push(dead)).rejected == [dead]


def test_half_an_answer_says_nothing_of_our_configuration(gateways):
    gateway = gateways.open()
    pushkeys = [unique() for _ in range(3)]
    gateway.fcm.control(answer="half")
    for pushkey in pushkeys:
        assert gateway.notify(push(pushkey)).rejected == []
    for pushkey in pushkeys:
        gateway.wait_outcomes(pushkey, outcome="moved")

    metrics = gateway.dispatcher.metrics()
    assert metrics.sum("columba_dispatcher_gates", state="latched") == 0
    assert metrics.sum("columba_dispatcher_uncertain_total") >= len(pushkeys)
    gateway.fcm.control(answer=None)
    for pushkey in pushkeys:
        gateway.fcm.wait_for(pushkey)


def test_provider_refuses_connections(own):
    pushkey = unique()

    own.fcm.stop()
    notify_and_see_it_moved(own, pushkey)
    assert_nobody_is_rejected(own, pushkey)

    own.fcm.start()
    own.fcm.wait_for(pushkey, count=2, timeout_s=40)


def test_no_credential_to_be_had(gateways):
    gateway = gateways.open(started=False)
    gateway.fcm.control(tokens="refuse")
    gateway.start()
    refused, unanswered = unique(), unique()

    notify_and_see_it_moved(gateway, refused)
    gateway.fcm.control(tokens="html")
    notify_and_see_it_moved(gateway, unanswered)
    assert gateway.fcm.received() == []
    assert_nobody_is_rejected(gateway, refused)

    gateway.fcm.control(tokens="grant")
    for pushkey in (refused, unanswered):
        gateway.fcm.wait_for(pushkey, timeout_s=40)


def test_provider_that_is_not_trusted(gateways):
    """A TLS failure. The certificate of another authority is what an intercepting proxy shows."""
    gateway = gateways.open(started=False)
    stranger = gateways.open(started=False)
    gateway.settings["apps"][APP_ID]["ca_file"] = stranger.fcm.ready["ca_file"]
    gateway.start()
    pushkey = unique()

    notify_and_see_it_moved(gateway, pushkey)

    assert gateway.fcm.received() == []
    assert_nobody_is_rejected(gateway, pushkey)


def test_a_retry_waits_for_its_delay(own):
    """flaky2 fails twice, and is delivered by the third try."""
    pushkey = unique("flaky2")

    assert own.notify(notification(device(pushkey))).rejected == []
    own.fcm.wait_for(pushkey, timeout_s=40)

    times = [line["time"] for line in own.fcm.received(pushkey)]
    assert len(times) == 3
    assert times[1] - times[0] >= 0.3
    assert times[2] - times[1] >= 0.6


def test_a_stale_token_is_renewed_and_the_push_goes_on_at_once(own):
    pushkey = unique("unauth")
    mints = own.fcm.stats()["mints"]

    own.deliver(push(pushkey), pushkey)

    assert own.fcm.stats()["mints"] == mints + 1
    assert own.wait_outcomes(pushkey) == ["delivered"]


@pytest.mark.parametrize("kind", ["goaway", "refuse"])
def test_what_the_provider_did_not_look_at_is_sent_again_at_once(own, kind):
    pushkey = unique(kind)

    own.deliver(push(pushkey), pushkey)

    assert own.wait_outcomes(pushkey) == ["delivered"]
