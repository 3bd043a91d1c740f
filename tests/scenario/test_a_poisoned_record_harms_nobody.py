"""Whatever a stranger's producer puts on the topic: it never stops the records behind it. What
cannot be parsed is a dead letter with its reason; what is of a newer version waits for it."""

import json

from support import kafka
from support.matrix import push, unique
from support.processes import wait_until

UNREADABLE = {
    "text": b"this is no JSON",
    "number": b"12",
    "not_utf8": b"\xff\xfe\xfd",
    "no_devices": b'{"notification":{}}',
    "no_device": b'{"notification":{"devices":[]}}',
    "no_pushkey": b'{"notification":{"devices":[{"app_id":"chat.columba.android"}]}}',
    "half": b'{"notification":{"devices":[{',
    "deep": b"[" * 5000,
}


def publish(gateway, value, headers=()):
    kafka.publish(gateway.queue.bootstrap, gateway.topic("push.fcm"), value, headers=headers)


def dead_letters(gateway):
    return kafka.read_topic(gateway.queue.bootstrap, gateway.topic("dead.fcm"))


def test_what_cannot_be_parsed_is_a_dead_letter(gateway):
    before = gateway.settled(outcome="dead")

    for value in UNREADABLE.values():
        publish(gateway, value)
    gateway.wait_settled(before + len(UNREADABLE), outcome="dead")

    found = {record.value: record for record in dead_letters(gateway)}
    for value in UNREADABLE.values():
        assert found[value].headers["columba-reason"]
    gateway.deliver(push(after := unique()), after)


def test_what_is_too_large_to_be_copied_is_a_dead_letter_without_its_value(gateways):
    """Those of others may be compressed, or simply larger than ours. The record itself stays where
    it is for as long as its topic keeps it."""
    gateway = gateways.open({"queue": {"properties": {"message.max.bytes": "2000"}}})

    publish(gateway, b"x" * 3000, [("stranger", "1")])
    publish(gateway, b"y", [("stranger", "y" * 3000)])
    gateway.wait_settled(2, outcome="dead", reason="too_large")

    for letter in dead_letters(gateway):
        assert (letter.key, letter.value) == (b"", b"")
        assert letter.headers["columba-reason"] == "too_large"
        assert "stranger" not in letter.headers
    said = [line for line in gateway.dispatcher.log_lines() if line["event"] == "copy_too_large"]
    assert {(line["topic"], line["partition"], line["offset"]) for line in said} == {
        (record.topic, record.partition, record.offset)
        for record in kafka.read_topic(gateway.queue.bootstrap, gateway.topic("push.fcm"))
    }
    gateway.deliver(push(after := unique()), after)


def test_a_record_without_headers_is_delivered(gateway):
    body = push(pushkey := unique())

    publish(gateway, json.dumps(body).encode())

    gateway.fcm.wait_for(pushkey)


def test_headers_that_make_no_sense_take_their_defaults(gateway):
    body = push(pushkey := unique())
    headers = [("columba-attempt", "many"), ("columba-accepted", "soon"), ("columba-id", "x" * 300),
               ("traceparent", "?"), ("stranger", "1")]

    publish(gateway, json.dumps(body).encode(), headers)

    gateway.fcm.wait_for(pushkey)


def test_headers_count_as_memory(gateways):
    gateway = gateways.open()

    publish(gateway, json.dumps(push(unique("hang"))).encode(), [("stranger", "x" * 50_000)] * 2)

    wait_until("what is under way is counted", lambda: gateway.dispatcher.metrics().sum(
        "columba_dispatcher_in_flight_bytes") > 100_000, 30)


def test_a_newer_version_is_moved_and_not_guessed_at(gateway):
    """It comes to its own version as it set out, with the headers that only that one knows."""
    value = json.dumps(push(pushkey := unique())).encode()

    publish(gateway, value, [("columba-version", "2"), ("columba-of-version-2", "kept")])
    gateway.wait_settled(2, outcome="moved", reason="newer_version")

    assert gateway.fcm.received(pushkey) == []
    copies = [record for record in kafka.read_topic(gateway.queue.bootstrap, gateway.topic("retry.fcm.600ms"))
              if record.value == value]
    assert copies
    for copy in copies:
        assert copy.headers["columba-version"] == "2"
        assert copy.headers["columba-of-version-2"] == "kept"
        assert copy.headers["columba-reason"] == "newer_version"


def test_a_provider_that_calls_the_message_wrong_makes_a_dead_letter(gateway):
    body = push(pushkey := unique("badfield"))

    assert gateway.notify(body).rejected == []

    assert gateway.wait_outcomes(pushkey) == ["dead"]
    assert body in [record.json() for record in dead_letters(gateway) if pushkey.encode() in record.value]
    assert gateway.notify(push(pushkey)).rejected == []
