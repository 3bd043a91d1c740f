"""Tracing: the spans of a push, from the request to the provider's answer, reach a collector as one
trace, whose parents are what caused them; and nothing is recorded that nobody asked for."""

import json
import secrets

import pytest

from support.gateways import open_gateway
from support.http_client import NOTIFY
from support.kafka import read_topic
from support.matrix import APP_ID, device, notification, push, unique
from support.processes import free_port, wait_until

# It takes a package that tests/run fetches and Debian has not: other files are collected without.
Collector = pytest.importorskip("support.collector", reason="opentelemetry-proto is missing").Collector


class Caller:
    """A homeserver's request, with its own span around it or none."""

    def __init__(self, flags="01"):
        self.trace_id = secrets.token_hex(16)
        self.span_id = secrets.token_hex(8)
        self.traceparent = f"00-{self.trace_id}-{self.span_id}-{flags}"

    def notify(self, ingress, body):
        headers = {"Content-Type": "application/json", "traceparent": self.traceparent}
        with ingress.client() as client:
            return client.request("POST", NOTIFY, json.dumps(body).encode(), headers)


@pytest.fixture(scope="module")
def collector():
    started = Collector()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def traced(tmp_path_factory, make_queue, collector):
    directory = tmp_path_factory.mktemp("traced")
    settings = {"tracing": {"endpoint": collector.endpoint, "sample": 0}}
    with make_queue(directory) as queue, open_gateway(directory, queue, settings) as gateway:
        yield gateway


# Sent before the first of them is looked at, for spans are posted every two seconds. By name: the
# flags of the caller, and the pushkeys.
ASKED = {
    "one": ("01", ["ok"]),
    "words": ("01", ["ok"]),
    "retried": ("01", ["flaky1"]),
    "again": ("01", ["unauth"]),
    "many": ("01", ["ok", "ok", "dead", None]),
    "decided": ("00", ["ok"]),
    "wrong": ("01", []),
}


class Asked:
    def __init__(self, ingress, flags, names):
        self.caller = Caller(flags)
        self.pushkeys = ["" if name is None else unique(name) for name in names]
        body = notification(*map(device, self.pushkeys), content={"body": "quite-a-secret"})
        self.answer = self.caller.notify(ingress, body)

    @property
    def trace_id(self):
        return self.caller.trace_id

    @property
    def pushkey(self):
        return self.pushkeys[0]


@pytest.fixture(scope="module")
def asked(traced):
    return {name: Asked(traced.ingress, *what) for name, what in ASKED.items()}


def of(kind, spans):
    return [span for span in spans if span.kind == kind]


def traceparents(gateway, pushkey, topic="push.fcm"):
    """What the records of a pushkey carry, in order."""
    return [
        dict(record.headers).get("traceparent")
        for record in read_topic(gateway.queue.bootstrap, gateway.topic(topic))
        if record.key.endswith(b"\0" + pushkey.encode())
    ]


def test_one_push_is_one_trace(traced, collector, asked):
    one = asked["one"]
    assert one.answer.rejected == []
    server, producer, consumer, client = collector.wait_for(one.trace_id, 4)

    spans = [server, producer, consumer, client]
    assert [span.kind for span in spans] == ["server", "producer", "consumer", "client"]
    assert server.parent == one.caller.span_id
    assert producer.parent == server.id
    assert consumer.parent == producer.id
    assert client.parent == consumer.id
    topic = traced.topic("push.fcm")
    assert [span.name for span in spans] == [
        "POST /_matrix/push/v1/notify", f"send {topic}", f"process {topic}", "POST"]
    assert not any(span.has_failed for span in spans)
    assert traceparents(traced, one.pushkey) == [f"00-{one.trace_id}-{producer.id}-01"]


def test_spans_say_what_happened_in_the_usual_words(traced, collector, asked):
    server, producer, consumer, client = collector.wait_for(asked["words"].trace_id, 4)

    assert server.resource["service.name"] == producer.resource["service.name"] == "columba-ingress"
    assert consumer.resource["service.name"] == client.resource["service.name"] == (
        "columba-dispatcher")
    assert server.resource["service.instance.id"] != consumer.resource["service.instance.id"]
    assert server.attributes == {
        "http.request.method": "POST", "http.route": NOTIFY, "url.path": NOTIFY,
        "url.scheme": "http", "http.response.status_code": 200, "columba.answer": "accepted",
        "columba.published": 1, "columba.rejected": 0}
    message = {"messaging.system": "kafka", "columba.app": APP_ID,
               "messaging.destination.name": traced.topic("push.fcm"),
               "messaging.message.id": producer.attributes["messaging.message.id"]}
    assert producer.attributes == {
        **message, "messaging.operation.name": "send", "messaging.operation.type": "send"}
    assert consumer.attributes.pop("messaging.kafka.offset") >= 0
    assert consumer.attributes.pop("messaging.destination.partition.id") in ("0", "1")
    assert consumer.attributes == {
        **message, "messaging.operation.name": "process", "messaging.operation.type": "process",
        "columba.lane": "fcm", "columba.outcome": "delivered", "columba.reason": "delivered",
        "columba.attempt": 0}
    assert client.attributes == {
        "http.request.method": "POST", "server.address": "localhost",
        "server.port": traced.fcm.port, "http.response.status_code": 200, "columba.lane": "fcm",
        "columba.app": APP_ID}


def test_a_retried_push_is_one_trace_still(traced, collector, asked):
    traced.wait_outcomes(asked["retried"].pushkey, outcome="delivered")
    spans = collector.wait_for(asked["retried"].trace_id, 6)

    consumers, clients = of("consumer", spans), of("client", spans)
    assert [one.attributes["columba.outcome"] for one in consumers] == ["moved"] * (
        len(consumers) - 1) + ["delivered"]
    for earlier, later in zip(consumers, consumers[1:]):
        assert later.parent == earlier.id
        assert earlier.has_failed or earlier.attributes["columba.attempt"] == (
            later.attributes["columba.attempt"])
    refused, taken = clients
    assert refused.attributes["error.type"] == "503" and refused.has_failed
    assert refused.parent == consumers[0].id
    assert taken.attributes["http.response.status_code"] == 200 and not taken.has_failed
    assert taken.parent == consumers[-1].id
    assert consumers[0].attributes["messaging.message.id"] == (
        consumers[-1].attributes["messaging.message.id"])


def test_what_is_sent_again_at_once_is_two_requests_of_one_attempt(collector, asked):
    spans = collector.wait_for(asked["again"].trace_id, 5)

    (consumer,) = of("consumer", spans)
    first, again = of("client", spans)
    assert first.parent == again.parent == consumer.id
    assert first.attributes["http.response.status_code"] == 401
    assert "http.request.resend_count" not in first.attributes
    assert again.attributes["http.request.resend_count"] == 1
    assert consumer.attributes["columba.outcome"] == "delivered" and not consumer.has_failed


def test_each_device_has_its_branch(collector, asked):
    assert asked["many"].answer.rejected == [""]
    spans = collector.wait_for(asked["many"].trace_id, 1 + 3 * 3)

    (server,) = of("server", spans)
    assert server.attributes["columba.published"] == 3
    assert server.attributes["columba.rejected"] == 1
    producers, consumers = of("producer", spans), of("consumer", spans)
    assert {one.parent for one in producers} == {server.id}
    assert sorted(one.parent for one in consumers) == sorted(one.id for one in producers)
    outcomes = sorted(one.attributes["columba.outcome"] for one in consumers)
    assert outcomes == ["delivered", "delivered", "rejected"]


def test_a_request_that_is_not_understood_is_no_failure_of_ours(collector, asked):
    assert asked["wrong"].answer.status == 400
    (server,) = collector.wait_for(asked["wrong"].trace_id, 1)

    assert server.attributes["http.response.status_code"] == 400
    assert server.attributes["columba.answer"] == "missing_param"
    assert not server.has_failed


def test_who_decided_against_it_is_not_recorded(traced, collector, asked):
    """And what follows, by others, hangs on the caller's span as it would without us. The spans of
    what was asked before and after it have come."""
    decided = asked["decided"]
    traced.wait_outcomes(decided.pushkey, outcome="delivered")
    collector.wait_for(asked["many"].trace_id, 10)
    collector.wait_for(asked["wrong"].trace_id, 1)

    assert collector.spans(decided.trace_id) == []
    assert traceparents(traced, decided.pushkey) == [decided.caller.traceparent]


def test_a_sample_of_none_is_none_and_of_all_is_all(traced, collector):
    """The spans of a push that is sampled come after those of one before it would have."""
    before = {span.trace_id for span in collector.spans()}
    unsampled, sampled = unique(), unique()

    assert traced.notify(push(unsampled)).rejected == []
    traced.wait_outcomes(unsampled)
    assert traceparents(traced, unsampled) == [None]
    traced.ingress.write_config({"tracing": {"sample": 1}})
    traced.ingress.signal(1)
    wait_until("the sample has changed", lambda: traced.ingress.metrics().sum(
        "columba_ingress_config_reloads_total", result="taken") == 1, 20, [traced.ingress])
    assert traced.notify(push(sampled)).rejected == []
    (traceparent,) = traceparents(traced, sampled)
    trace_id = traceparent.split("-")[1]
    spans = collector.wait_for(trace_id, 4)

    (server,) = of("server", spans)
    assert server.parent is None
    assert {span.trace_id for span in collector.spans()} - before == {trace_id}


def test_a_queue_that_does_not_answer_is_a_failed_span(traced, collector):
    caller = Caller()
    nowhere = {"queue": {"brokers": f"127.0.0.1:{free_port()}", "ack_timeout": "1s"}}
    ingress = traced.start_ingress(**nowhere)
    wait_until("the ingress is up", lambda: ingress.get("/health").status == 200, 20, [ingress])

    assert caller.notify(ingress, push(unique())).status == 503
    server, producer = collector.wait_for(caller.trace_id, 2)

    assert server.has_failed and server.attributes["error.type"] == "503"
    assert server.attributes["columba.published"] == 0
    assert server.message
    assert producer.has_failed and producer.attributes["error.type"] == "not_acknowledged"


def test_a_collector_that_is_away_harms_no_push(traced):
    away = {"tracing": {"endpoint": f"http://127.0.0.1:{free_port()}/v1/traces", "sample": 1}}
    ingress = traced.start_ingress(**away).wait_ready()
    pushkey = unique()

    with ingress.client() as client:
        assert client.notify(push(pushkey)).rejected == []
    traced.fcm.wait_for(pushkey)
    lines = wait_until(
        "it says so",
        lambda: [line for line in ingress.log_lines() if line["event"] == "trace_export"],
        20, [ingress])

    assert [line["state"] for line in lines] == ["fails"]
    with ingress.client() as client:
        assert client.notify(push(pushkey)).rejected == []


def test_what_is_left_at_the_end_is_posted(traced, collector):
    """Without waiting for more."""
    caller = Caller()
    ingress = traced.start_ingress().wait_ready()

    assert caller.notify(ingress, push(unique())).status == 200
    assert ingress.stop() == 0

    assert of("server", collector.spans(caller.trace_id))


def test_the_metrics_count_them(traced, collector):
    """Whatever was exported was taken here."""
    exported = sum(
        one.metrics().sum(f"columba_{section}_spans_exported_total")
        for section, one in (("ingress", traced.ingress), ("dispatcher", traced.dispatcher))
    )

    assert 0 < exported <= len(collector.spans())
    assert traced.ingress.metrics().sum("columba_ingress_spans_dropped_total") == 0
    assert traced.dispatcher.metrics().sum("columba_dispatcher_spans_dropped_total") == 0


def test_nothing_that_is_private_is_recorded(collector):
    """The last one: looks at all that came."""
    told = b"".join(collector.bodies).decode()

    assert len(collector.spans()) > 30
    for private in ("quite-a-secret", "ok-", "flaky1-", "dead-", "unauth-", "!room:", "$event",
                    "messages:send", "ya29."):
        assert private not in told, private


def test_without_the_section_a_traceparent_is_only_carried_along(gateway):
    caller, pushkey = Caller(), unique()

    assert caller.notify(gateway.ingress, push(pushkey)).status == 200
    gateway.wait_outcomes(pushkey, outcome="delivered")

    assert traceparents(gateway, pushkey) == [caller.traceparent]
    assert gateway.ingress.metrics().sum("columba_ingress_spans_exported_total") == 0
