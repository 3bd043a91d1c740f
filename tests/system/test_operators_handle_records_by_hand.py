"""What an operator does with single records on a real Kafka: dead letters are listed, shown,
replayed and dropped, each once; a record nobody gets past is skipped, and lives on; a push is
found wherever it is."""

import json

import pytest

from support import kafka
from support.columba import hash_of, run
from support.matrix import APP_ID, push, unique
from support.processes import wait_until


@pytest.fixture
def desk(gateways):
    return Desk(gateways.open())


class Desk:
    """An operator at a gateway."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.path = gateway.write_config("columbactl")
        self.dead = gateway.topic("dead.fcm")

    def ask(self, *words, status=0):
        shown, _ = run("columbactl", "--config", self.path, "--json", *words, status=status)
        return json.loads(shown)

    def publish(self, topic, body, *headers, key=None):
        kafka.publish(self.gateway.queue.bootstrap, self.gateway.topic(topic),
                      body if isinstance(body, bytes) else json.dumps(body).encode(), key, headers)

    def bury(self, pushkey, reason="http_400"):
        """A dead letter of that pushkey; its place."""
        before = self.places()
        self.publish("dead.fcm", push(pushkey), ("columba-reason", reason), ("columba-attempt", "3"),
                     ("columba-accepted", "1600000000000"), key=pushkey)
        (place,) = set(self.places()) - set(before)
        return place

    def places(self, *options):
        listed = self.ask("dead", "list", "fcm", *options)
        assert listed["complete"]
        return [letter["place"] for letter in listed["letters"]]


def test_dead_letters_are_listed_and_shown(desk):
    desk.publish("push.fcm", b"this is no JSON")
    desk.gateway.wait_settled(1, outcome="dead")

    (letter,) = desk.ask("dead", "list")["letters"]
    shown = desk.ask("dead", "show", letter["place"])

    assert letter["reason"] == shown["headers"]["columba-reason"] != ""
    assert shown["text"] == "this is no JSON"


def test_a_pushkey_is_shown_to_who_asks_for_it_alone(desk):
    place = desk.bury(pushkey := unique())

    listed, _ = run("columbactl", "--config", desk.path, "dead", "list")
    shown, _ = run("columbactl", "--config", desk.path, "dead", "show", place)

    assert hash_of(APP_ID, pushkey) in listed and pushkey not in listed
    assert pushkey in shown and "columba-reason: http_400" in shown


def test_each_is_replayed_once_as_if_it_had_just_come(desk):
    """Older than max_age, and delivered all the same."""
    pushkeys = [unique() for _ in range(5)]
    places = [desk.bury(pushkey) for pushkey in pushkeys]

    assert desk.ask("dead", "replay", places[3], places[1])["replayed"] == 2
    for pushkey in (pushkeys[3], pushkeys[1]):
        desk.gateway.fcm.wait_for(pushkey)
    assert sorted(desk.places()) == sorted(set(places) - {places[3], places[1]})
    assert "before" in desk.ask("dead", "replay", places[3], status=1)["error"]

    assert desk.ask("dead", "replay", "fcm")["replayed"] == 3
    for pushkey in pushkeys:
        desk.gateway.fcm.wait_for(pushkey)
    assert desk.places() == []
    assert desk.ask("dead", "replay", "fcm")["replayed"] == 0
    desk.gateway.wait_settled(5)
    assert desk.gateway.settled(outcome="delivered") == 5
    replayed = kafka.read_topic(desk.gateway.queue.bootstrap, desk.gateway.topic("push.fcm"))
    assert all(set(record.headers) == {"columba-version"} for record in replayed)


def test_only_those_that_are_meant(desk):
    kept = desk.bury(unique(), "http_413")
    for _ in range(3):
        desk.bury(unique())

    assert len(desk.places("--reason", "http_400")) == 3
    assert desk.places("--app", "org.other") == []
    assert desk.ask("dead", "drop", "fcm", "--reason", "http_400")["dropped"] == 3
    assert desk.places() == [kept]
    assert desk.ask("dead", "show", kept)["headers"]["columba-reason"] == "http_413"


def committed(desk):
    (lane,) = desk.ask("lag", "fcm")["lanes"]
    return {(at["topic"], at["partition"]): at["committed"] for at in lane["partitions"]}


def test_a_record_is_skipped_and_lives_on(desk):
    gateway = desk.gateway
    gateway.deliver(push(first := unique()), first)
    wait_until("all is committed", lambda: desk.ask("lag")["lanes"][0]["push_lag"] == 0, 20,
               [gateway.dispatcher])
    topic = gateway.topic("push.fcm")
    (done,) = kafka.read_topic(gateway.queue.bootstrap, topic)
    busy = desk.ask("skip", f"{topic}:{done.partition}:{done.offset}", status=1)["error"]
    assert "stop them first" in busy and "has the partition" in busy
    assert gateway.dispatcher.stop() == 0
    before = dict(committed(desk))
    pushkeys = [unique() for _ in range(2)]
    for pushkey in pushkeys:
        desk.publish("push.fcm", push(pushkey), key="same")
    records = {record.json()["notification"]["devices"][0]["pushkey"]: record
               for record in kafka.read_topic(gateway.queue.bootstrap, topic)}
    poisoned, next_one = (records[pushkey] for pushkey in pushkeys)
    at = (topic, poisoned.partition)
    assert before[at] in (poisoned.offset, -1)

    wrong = desk.ask("skip", f"{topic}:{next_one.partition}:{next_one.offset}", status=1)["error"]
    assert "only that record can be skipped" in wrong
    desk.ask("skip", f"{topic}:{poisoned.partition}:{poisoned.offset}")

    assert committed(desk)[at] == poisoned.offset + 1
    (letter,) = desk.ask("dead", "list")["letters"]
    assert (letter["reason"], letter["h"]) == ("skipped", hash_of(APP_ID, pushkeys[0]))
    assert letter["accepted_ms"] == poisoned.timestamp_ms
    assert "passed it" in desk.ask("skip", f"{topic}:{poisoned.partition}:{poisoned.offset}",
                                   status=1)["error"]
    gateway.start_dispatcher().wait_ready(60)
    gateway.fcm.wait_for(pushkeys[1])
    assert gateway.fcm.received(pushkeys[0]) == []


def test_what_cannot_be_meant_by_a_place(desk):
    assert "no place" in desk.ask("dead", "show", "fcm", status=2)["error"]
    assert "no topic" in desk.ask("dead", "show", "elsewhere:0:0", status=2)["error"]
    assert "no record" in desk.ask("dead", "show", f"{desk.dead}:0:99", status=1)["error"]
    push_place = f"{desk.gateway.topic('push.fcm')}:0:0"
    assert "no dead-letter topic" in desk.ask("dead", "drop", push_place, status=2)["error"]
    assert "dead drop" in desk.ask("skip", f"{desk.dead}:0:0", status=2)["error"]


def test_a_push_is_found_wherever_it_is(gateways):
    """Delivered, refused, waiting to be tried again, dead, and not read yet."""
    desk = Desk(gateways.open({"retry": {"delays": ["1h"]}}))
    gateway = desk.gateway
    pushes = {end: push(unique(prefix)) for end, prefix in (
        ("delivered", "ok"), ("rejected", "dead"), ("in_retry", "internal"), ("in_queue", "ok"))}

    def end_of(name, records=1):
        """How the story of that push ends, of so many records."""
        (story,) = desk.ask("trace", event_of(pushes[name]))["stories"]
        assert len(story["records"]) == records, story
        return story["end"]

    for end in ("delivered", "rejected", "in_retry"):
        assert gateway.notify(pushes[end]).rejected == []
    gateway.wait_settled(3)
    wait_until("all is committed", lambda: desk.ask("lag")["lanes"][0]["push_lag"] == 0, 20,
               [gateway.dispatcher])
    assert end_of("delivered") == "delivered"
    assert end_of("rejected") == "rejected"
    assert end_of("in_retry", 2) == "in_retry"
    assert gateway.dispatcher.stop() == 0
    gateway.notify(pushes["in_queue"])
    assert end_of("in_queue") == "in_queue"

    buried = push(unique())
    desk.publish("dead.fcm", buried, ("columba-reason", "http_400"))
    (story,) = desk.ask("trace", event_of(buried))["stories"]
    assert story["end"] == "dead"
    (record,) = desk.ask("trace", event_of(pushes["delivered"]))["stories"][0]["records"]
    (found,) = desk.ask("trace", record["id"])["stories"]
    assert found["records"] == [record]
    assert desk.ask("trace", "$nothing", status=1)["stories"] == []
    assert desk.ask("trace", "--since", "1h", record["id"])["stories"] == [found]


def event_of(body):
    return body["notification"]["event_id"]
