"""What is on the topic: N devices are N records, a body with one device is there byte for byte,
unknown fields survive, and a pushkey stays on one partition number in every topic of its lane."""

import json

from support.kafka import read_topic
from support.matrix import APP_ID, device, event_id, notification, push, unique


def records(gateway, topic="push.fcm"):
    return read_topic(gateway.queue.bootstrap, gateway.topic(topic))


def records_of(gateway, *pushkeys, topic="push.fcm"):
    keys = {f"{APP_ID}\0{pushkey}".encode() for pushkey in pushkeys}
    return [record for record in records(gateway, topic) if record.key in keys]


def test_one_device_is_byte_identical(gateway):
    pushkey = unique()
    body = (
        '{ "notification" : {"x.unknown": [1.10, 1e2, {"b":null,"a":"\\u00e9\\/é"}],\n\t"counts":{"unread":0},'
        f'"event_id":"{event_id()}","devices":[ {{"pushkey":"{pushkey}","app_id":"{APP_ID}"}} ]}},'
        ' "more": true }  '
    ).encode()

    gateway.deliver(body, pushkey)

    (record,) = records_of(gateway, pushkey)
    assert record.value == body


def test_headers_of_a_new_record(gateway):
    pushkey = unique()
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    with gateway.ingress.client() as client:
        answer = client.request(
            "POST", "/_matrix/push/v1/notify", json.dumps(push(pushkey)), {"traceparent": trace}
        )

    assert answer.rejected == []
    (record,) = records_of(gateway, pushkey)
    assert record.headers["columba-version"] == "1"
    assert len(record.headers["columba-id"]) == 36
    assert record.headers["traceparent"].split("-")[1] == trace.split("-")[1]


def test_n_devices_are_n_records(gateway):
    pushkeys = [unique() for _ in range(7)]
    body = notification(
        *(device(pushkey, data={"n": at}) for at, pushkey in enumerate(pushkeys)),
        **{"x.unknown": {"deep": [1, "two", None]}, "content": {"body": "é\"\\/\u2028"}},
    )
    body["top.level.unknown"] = "kept"

    assert gateway.notify(body).rejected == []

    found = {record.key.split(b"\0")[1].decode(): record for record in records_of(gateway, *pushkeys)}
    assert set(found) == set(pushkeys)
    assert len({record.headers["columba-id"] for record in found.values()}) == len(pushkeys)
    for at, pushkey in enumerate(pushkeys):
        expected = json.loads(json.dumps(body))
        expected["notification"]["devices"] = [body["notification"]["devices"][at]]
        assert found[pushkey].json() == expected


def test_two_devices_with_one_pushkey_are_two_records(gateway):
    pushkey = unique()
    body = notification(device(pushkey, data={"a": 1}), device(pushkey, data={"a": 2}))

    assert gateway.notify(body).rejected == []

    assert len(records_of(gateway, pushkey)) == 2


def test_a_rejected_device_leaves_no_record(gateway):
    pushkey, malformed = unique(), unique()

    answer = gateway.notify(notification(device(pushkey), device(malformed, app_id="")))

    assert answer.rejected == [malformed]
    (record,) = records_of(gateway, pushkey)
    assert len(record.json()["notification"]["devices"]) == 1


def test_a_retry_keeps_key_partition_id_and_bytes(gateway):
    pushkey = unique("flaky2")
    body = json.dumps(push(pushkey)).encode()

    gateway.deliver(body, pushkey)

    (first,) = records_of(gateway, pushkey)
    (second,) = records_of(gateway, pushkey, topic="retry.fcm.300ms")
    (third,) = records_of(gateway, pushkey, topic="retry.fcm.600ms")
    for attempt, copy in ((1, second), (2, third)):
        assert (copy.value, copy.key, copy.partition) == (body, first.key, first.partition)
        assert copy.headers["columba-id"] == first.headers["columba-id"]
        assert copy.headers["columba-attempt"] == str(attempt)
        assert copy.headers["columba-reason"] == "UNAVAILABLE"
        assert copy.headers["columba-accepted"] == str(first.timestamp_ms)


def test_the_key_decides_the_partition_as_other_clients_would(gateway):
    """murmur2, as Kafka's own producers use it: so a stranger's tool finds the same partition."""
    pushkeys = [unique() for _ in range(20)]
    for pushkey in pushkeys:
        assert gateway.notify(push(pushkey)).rejected == []

    partitions = gateway.settings["queue"]["partitions"]
    found = records_of(gateway, *pushkeys)
    assert len(found) == len(pushkeys)
    for record in found:
        assert record.partition == (murmur2(record.key) & 0x7FFFFFFF) % partitions


def murmur2(data):
    """The 32-bit MurmurHash2 with the seed that Kafka's clients use."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = (0x9747B28C ^ len(data)) & mask
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * m & mask
        h = (h * m & mask) ^ ((k ^ k >> 24) * m & mask)
    if tail := data[whole:]:
        h = (h ^ int.from_bytes(tail, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15
