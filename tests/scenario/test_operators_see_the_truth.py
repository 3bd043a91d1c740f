"""The admin port and the log: what they say is so, in a form that machines read, and holds no
pushkey, token, content or secret."""

import re

import pytest

from support.matrix import badge, device, notification, push, unique
from support.metrics import Metrics
from support.processes import wait_until

PROGRAMS = ("ingress", "dispatcher")


@pytest.fixture(params=PROGRAMS)
def program(request, gateway):
    return getattr(gateway, request.param)


def test_health_and_readiness(program):
    for path in ("/health", "/ready", "/status"):
        answer = program.get(path)
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("application/json")
        assert isinstance(answer.json(), dict)


def test_metrics_are_prometheus_text(program):
    answer = program.get("/metrics")

    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    metrics = Metrics(answer.body.decode())
    for name in metrics.names():
        family = re.sub(r"_(bucket|sum|count)$", "", name)
        assert name.startswith("columba_")
        assert metrics.types.get(name) or metrics.types.get(family), name
        assert metrics.helps.get(name) or metrics.helps.get(family), name


def test_other_paths_and_methods_of_the_admin_port(program):
    assert program.get("/nowhere").status == 404
    assert program.get("/").status in (200, 404)


def test_requests_are_counted_by_answer(gateway):
    def count(answer):
        return gateway.ingress.metrics().sum("columba_ingress_requests_total", answer=answer)

    before = {answer: count(answer) for answer in ("accepted", "not_json", "missing_param")}
    gateway.notify(push(unique()))
    gateway.notify(push(unique()))
    gateway.notify(b"hello")
    gateway.notify(b"{}")

    assert count("accepted") == before["accepted"] + 2
    assert count("not_json") == before["not_json"] + 1
    assert count("missing_param") == before["missing_param"] + 1


def test_devices_are_counted_by_what_became_of_them(gateway):
    def count(result):
        return gateway.ingress.metrics().sum("columba_ingress_devices_total", result=result)

    before = {result: count(result) for result in ("published", "malformed")}
    gateway.notify(notification(device(unique()), device(unique()), {"pushkey": unique()}))

    assert count("published") == before["published"] + 2
    assert count("malformed") == before["malformed"] + 1


def test_every_record_has_one_outcome(gateway):
    names = ("delivered", "rejected", "dropped")
    before = {name: gateway.settled(outcome=name) for name in names}
    event = push(unique())

    gateway.notify(event)
    gateway.wait_settled(before["delivered"] + 1, outcome="delivered")
    gateway.notify(event)
    gateway.wait_settled(before["dropped"] + 1, outcome="dropped")
    gateway.notify(push(unique("dead")))
    gateway.wait_settled(before["rejected"] + 1, outcome="rejected")

    assert {name: gateway.settled(outcome=name) - before[name] for name in names} == {
        "delivered": 1, "dropped": 1, "rejected": 1,
    }


def test_lag_is_nothing_when_all_is_done(gateway):
    gateway.deliver(push(pushkey := unique()), pushkey)

    wait_until(
        "no lag on the push topic",
        lambda: gateway.dispatcher.metrics().sum(
            "columba_dispatcher_lag_records", topic=gateway.topic("push.fcm")) == 0,
        20,
        [gateway.dispatcher],
    )


def test_the_log_is_lines_of_json_without_secrets(gateways):
    gateway = gateways.open({"log": {"level": "debug"}})
    pushkeys = [unique(prefix) for prefix in ("ok", "dead", "invalid", "internal", "unauth", "reset")]
    secret_words = "the eagle lands at dawn"
    for pushkey in pushkeys:
        body = push(pushkey, type="m.room.message", sender="@spy:example.com",
                    content={"msgtype": "m.text", "body": secret_words}, room_name=secret_words)
        assert gateway.notify(body).rejected == []
    gateway.notify(badge(pushkeys[0], 2))
    gateway.notify(b'{"notification": {"devices": [{"pushkey": "%s"}]}}' % pushkeys[0].encode())
    gateway.notify(pushkeys[0].encode() + b" is no JSON")
    gateway.wait_settled(len(pushkeys) + 1)
    programs = [gateway.ingress, gateway.dispatcher]
    for one in programs:
        assert one.stop() == 0

    for one in programs:
        lines = one.log_lines()
        assert any(line["event"] for line in lines)
        text = one.log()
        for forbidden in (*pushkeys, secret_words, "ya29.", "PRIVATE KEY"):
            assert forbidden not in text, (one.name, forbidden)


def test_an_outcome_in_the_log_says_what_became_of_whom(gateways):
    gateway = gateways.open({"log": {"level": "debug"}})
    gateway.notify(push(unique("dead")))
    gateway.wait_settled(1, outcome="rejected")

    lines = [line for line in gateway.dispatcher.log_lines() if line.get("outcome") == "rejected"]

    (line,) = lines
    assert line["reason"] == "UNREGISTERED"
    assert line["app_id"] == "chat.columba.android"
    assert line["lane"] == "fcm"
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", line["id"])
