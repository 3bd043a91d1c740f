"""The admin port and the log: what they say is so, in a form that machines read, and holds no
pushkey, token, content or secret."""

import re

import pytest

from support.matrix import badge, device, notification, push, unique
from support.metrics import Metrics
from support.processes import wait_until

PROGRAMS = ("ingress", "dispatcher")
SETTINGS = {"log": {"level": "debug"}}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


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
        assert name.startswith(("columba_", "process_"))
        assert metrics.types.get(name) or metrics.types.get(family), name
        assert metrics.helps.get(name) or metrics.helps.get(family), name


def test_other_paths_and_methods_of_the_admin_port(program):
    assert program.get("/nowhere").status == 404
    assert program.get("/").headers["content-type"] == "text/html; charset=utf-8"


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


def test_lag_is_nothing_when_all_is_done(gateway):
    gateway.deliver(push(pushkey := unique()), pushkey)

    wait_until(
        "no lag on the push topic",
        lambda: gateway.dispatcher.metrics().sum(
            "columba_dispatcher_lag_records", topic=gateway.topic("push.fcm")) == 0,
        20,
        [gateway.dispatcher],
    )


def test_every_record_has_one_outcome_counted_and_logged(own):
    living = push(unique())
    own.notify(living)
    own.wait_settled(1, outcome="delivered")
    own.notify(living)
    own.wait_settled(1, outcome="dropped")
    own.notify(push(unique("dead")))
    own.wait_settled(1, outcome="rejected")

    assert own.settled() == 3
    settled = [line for line in own.dispatcher.log_lines() if line["event"] == "settled"]
    assert [line["outcome"] for line in settled] == ["delivered", "dropped", "rejected"]
    assert [line["reason"] for line in settled[1:]] == ["duplicate", "UNREGISTERED"]
    assert len({line["id"] for line in settled}) == 3
    for line in settled:
        assert line["app_id"] == "chat.columba.android"
        assert line["lane"] == "fcm"
        assert UUID.fullmatch(line["id"])


def test_the_log_is_lines_of_json_without_secrets(own):
    pushkeys = [unique(prefix) for prefix in ("ok", "dead", "invalid", "internal", "unauth", "reset")]
    secret_words = "the eagle lands at dawn"
    for pushkey in pushkeys:
        body = push(pushkey, type="m.room.message", sender="@spy:example.com",
                    content={"msgtype": "m.text", "body": secret_words}, room_name=secret_words)
        assert own.notify(body).rejected == []
    own.notify(badge(pushkeys[0], 2))
    own.notify(b'{"notification": {"devices": [{"pushkey": "%s"}]}}' % pushkeys[0].encode())
    own.notify(pushkeys[0].encode() + b" is no JSON")
    for pushkey in pushkeys:
        own.wait_outcomes(pushkey)
    programs = [own.ingress, own.dispatcher]
    for one in programs:
        assert one.stop() == 0

    for one in programs:
        lines = one.log_lines()
        assert any(line["event"] for line in lines)
        text = one.log()
        for forbidden in (*pushkeys, secret_words, "ya29.", "PRIVATE KEY"):
            assert forbidden not in text, (one.name, forbidden)
