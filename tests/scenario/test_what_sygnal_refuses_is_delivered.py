"""Whatever makes Sygnal, the reference gateway, refuse, lose or repeat a push, or reject a phone that
lives: here it arrives, once. One test for each fault that was measured there; the answer to what no
gateway can understand is in test_every_answer_of_notify.py."""

import base64
import contextlib
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.fake_provider import FakeApns, FakeEndpoint
from support.gateways import open_gateway
from support.matrix import device, notification, now_s, push, unique

IOS, BACKGROUND, WEB = "chat.columba.ios", "chat.columba.ios.background", "chat.columba.web"
OPTIONS = "chat.columba.options"
# Gates are an app's: who makes trouble has one alone.
TROUBLE = {
    name: f"chat.columba.trouble.{name}" for name in ("retried", "quota", "slow", "html", "dated")
}
IOS_TROUBLE = {name: f"{IOS}.trouble.{name}" for name in ("empty", "retried", "throttled")}


@pytest.fixture(scope="module")
def fakes(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        started = {}
        for fake in (FakeApns, FakeEndpoint):
            started[fake.NAME] = fake(tmp_path_factory.mktemp(fake.NAME)).start()
            stack.callback(started[fake.NAME].stop)
        yield started


@pytest.fixture(scope="module")
def apple(fakes):
    return fakes["apns"]


@pytest.fixture(scope="module")
def browser(fakes):
    return fakes["endpoint"]


@pytest.fixture(scope="module")
def served(tmp_path_factory, make_queue, apple, browser):
    directory = tmp_path_factory.mktemp("served")
    apps = {
        IOS: apple.app(),
        BACKGROUND: apple.app(push_type="background"),
        WEB: browser.webpush(allowed_endpoints=["localhost"]),
        **{app_id: apple.app() for app_id in IOS_TROUBLE.values()},
    }
    with make_queue(directory) as queue:
        with open_gateway(directory, queue, {"apps": apps}, started=False) as gateway:
            fcm = gateway.fcm
            gateway.settings["apps"][OPTIONS] = fcm.app(
                fcm_options={"android": {"direct_boot_ok": True}}
            )
            for app_id in TROUBLE.values():
                gateway.settings["apps"][app_id] = fcm.app()
            yield gateway.start()


def base64_of(name):
    return base64.b64encode(name.encode()).decode()


def notify(served, body):
    """As bytes: with its escapes, a body may hold what is no text."""
    return served.notify(json.dumps(body).encode())


# ---- Refused: bodies as real servers send them ----

# What is other than usual, and what the phone has to get.
DEVICE = {
    "data_null": ({"data": None}, {}),
    "tweaks_array": ({"tweaks": [{"set_tweak": "sound", "value": "default"}]}, {}),
    "tweaks_null": ({"tweaks": None}, {}),
    "sound_number": ({"tweaks": {"sound": 12}}, {}),
    "pushkey_ts_null": ({"pushkey_ts": None}, {}),
    "pushkey_ts_float": ({"pushkey_ts": now_s() + 0.5}, {}),
    "default_payload_null": ({"data": {"default_payload": None}}, {}),
}
NOTIFICATION = {
    "counts_text": ({"counts": {"unread": "3"}}, {"unread": "3"}),
    "counts_float": ({"counts": {"unread": 3.0}}, {"unread": "3"}),
    "counts_of_null": ({"counts": {"unread": None, "missed_calls": 2}}, {"missed_calls": "2"}),
    "counts_null": ({"counts": None}, {}),
    "room_name_number": ({"room_name": 12}, {}),
    "lone_surrogate": ({"sender_display_name": "A\ud800B"}, {}),
}


def assert_arrives(served, body, pushkey, expected):
    assert notify(served, body).rejected == []
    data = served.fcm.wait_for(pushkey)[0]["body"]["message"]["data"]
    assert data["event_id"] == body["notification"]["event_id"]
    assert {name: data.get(name) for name in expected} == expected


@pytest.mark.parametrize("case", DEVICE)
def test_an_odd_device_is_delivered(served, case):
    pushkey = unique()
    fields, expected = DEVICE[case]
    body = push(pushkey)
    body["notification"]["devices"][0].update(fields)

    assert_arrives(served, body, pushkey, expected)


@pytest.mark.parametrize("case", NOTIFICATION)
def test_an_odd_notification_is_delivered(served, case):
    pushkey = unique()
    fields, expected = NOTIFICATION[case]
    body = push(pushkey)
    body["notification"].update(fields)

    assert_arrives(served, body, pushkey, expected)


def test_a_bad_device_refuses_no_other(served):
    pushkey = unique()
    body = push(pushkey)
    body["notification"]["devices"].insert(0, {"app_id": 12, "pushkey": "bad-one"})

    assert notify(served, body).rejected == ["bad-one"]

    served.fcm.wait_for(pushkey)


@pytest.mark.parametrize("aps", ["a text", [], 12, None, {"alert": 12}, {"alert": ["a"]}])
def test_an_aps_of_another_type_is_delivered(served, apple, aps):
    name = unique()
    data = {"default_payload": {"aps": aps}}
    body = notification(
        device(base64_of(name), IOS, data=data),
        type="m.room.message", sender="@a:example.com", content={"msgtype": "m.text", "body": "b"},
    )

    assert notify(served, body).rejected == []

    assert apple.wait_for(name)[0]["body"]["event_id"] == body["notification"]["event_id"]


def test_what_no_cut_makes_fit_holds_nobody_up(served, apple):
    """Sygnal answers 500, and the homeserver repeats it for ever."""
    name, pushkey = unique(), base64_of(unique())
    large = {"default_payload": {"x": "x" * 5000}}
    body = notification(device(pushkey, IOS, data=large), device(base64_of(name), IOS))

    assert notify(served, body).rejected == []

    apple.wait_for(name)
    assert served.wait_outcomes(pushkey, app_id=IOS) == ["dead"]


def test_base64_without_padding_is_delivered(served, apple):
    name = next(one for one in iter(unique, None) if len(one) % 3 != 0)
    pushkey = base64_of(name).rstrip("=")
    assert len(pushkey) % 4 != 0

    assert notify(served, notification(device(pushkey, IOS))).rejected == []

    apple.wait_for(name)


def test_base64url_loses_no_byte(served, apple):
    token = b"\xfb\xef\xbe\xff\xff\xff" + unique().encode()
    pushkey = base64.urlsafe_b64encode(token).decode()
    assert "-" in pushkey and "_" in pushkey

    assert notify(served, notification(device(pushkey, IOS))).rejected == []

    apple.wait_for(token.hex())


# ---- Lost: payloads that are too large ----


def test_fcm_data_that_are_too_large_in_sum_are_cut(served):
    pushkey = unique()
    content = {f"part{i}": "x" * 1000 for i in range(6)}
    body = push(pushkey, type="m.room.message", sender="@a:example.com", content=content)

    assert notify(served, body).rejected == []

    data = served.fcm.wait_for(pushkey)[0]["body"]["message"]["data"]
    assert data["event_id"] == body["notification"]["event_id"]
    assert sum(len(key) + len(value) for key, value in data.items()) <= 4096


def test_a_thousand_wide_characters_reach_the_browser(served, browser):
    name = unique()
    pushkey, data = browser.subscription(name)
    content = {"msgtype": "m.text", "body": "鳩" * 1000}
    body = notification(device(pushkey, WEB, data=data), type="m.room.message", content=content)

    assert notify(served, body).rejected == []

    assert browser.wait_for(name)[0]["plaintext"]["content"]["body"] == "鳩" * 1000


def test_a_host_is_allowed_whatever_its_port(served, browser):
    """Sygnal compares host and port with the globs; the fake is at a port of its own."""
    name = unique()
    pushkey, data = browser.subscription(name)
    assert f"localhost:{browser.port}" in data["endpoint"]

    assert notify(served, notification(device(pushkey, WEB, data=data))).rejected == []

    browser.wait_for(name)


# ---- Lost: a provider in trouble ----


def arrives_after(served, fake, app_id, name, pushkey):
    """Asked once, the provider refuses; a second try succeeds. Nobody is rejected."""
    assert notify(served, notification(device(pushkey, app_id))).rejected == []
    fake.wait_for(name, delivered=False)

    fake.control(revive=name)

    fake.wait_for(name, timeout_s=100)
    assert "rejected" not in served.outcomes(pushkey, app_id)


def test_a_provider_that_fails_three_times_gets_it_then(served):
    pushkey = unique("flaky3")
    body = notification(device(pushkey, TROUBLE["retried"]))

    assert notify(served, body).rejected == []

    served.fcm.wait_for(pushkey, timeout_s=60)
    assert len(served.fcm.received(pushkey)) == 4


def test_a_quota_only_delays(served):
    pushkey = unique("quota1")
    arrives_after(served, served.fcm, TROUBLE["quota"], pushkey, pushkey)


def test_a_slow_provider_refuses_no_homeserver(served):
    """Sygnal sends 20 at once, each while the homeserver waits, and answers 502 to all others."""
    pushkeys = [unique("slow2000") for _ in range(60)]

    with ThreadPoolExecutor(max_workers=20) as callers:
        def call(pushkey):
            with served.ingress.client() as client:
                return client.notify(notification(device(pushkey, TROUBLE["slow"]))).status
        assert set(callers.map(call, pushkeys)) == {200}

    for pushkey in pushkeys:
        served.fcm.wait_for(pushkey, timeout_s=60)


def test_a_stale_token_is_fetched_anew(served):
    pushkey = unique()
    served.fcm.control(revoke=True)

    assert notify(served, push(pushkey)).rejected == []

    served.fcm.wait_for(pushkey)


def test_the_token_endpoint_is_named_in_what_is_signed(served):
    """The fake refuses an assertion for any other audience than its own address."""
    pushkey = unique()

    assert notify(served, push(pushkey)).rejected == []

    served.fcm.wait_for(pushkey)
    assert served.fcm.stats()["refused"] == 0


def test_a_retry_after_may_be_a_date(served):
    pushkey = unique("dated1")

    assert notify(served, notification(device(pushkey, TROUBLE["dated"]))).rejected == []

    served.fcm.wait_for(pushkey, timeout_s=60)


def test_a_page_of_a_proxy_rejects_nobody(served):
    pushkey = unique("html404")
    arrives_after(served, served.fcm, TROUBLE["html"], pushkey, pushkey)


def test_apples_empty_answer_harms_no_neighbour(served, apple):
    empty, others = unique("empty"), [unique() for _ in range(5)]
    app_id = IOS_TROUBLE["empty"]

    assert notify(served, notification(device(base64_of(empty), app_id))).rejected == []
    apple.wait_for(empty, delivered=False)
    for name in others:
        assert notify(served, notification(device(base64_of(name), app_id))).rejected == []

    for name in others:
        apple.wait_for(name, timeout_s=60)
    apple.control(revive=empty)
    apple.wait_for(empty, timeout_s=60)


def test_apples_429_is_tried_again(served, apple):
    name = unique("toomany1")
    arrives_after(served, apple, IOS_TROUBLE["throttled"], name, base64_of(name))


# ---- Repeated ----


def test_each_try_has_the_same_apns_id(served, apple):
    name = unique("flaky1")

    assert notify(served, notification(device(base64_of(name), IOS_TROUBLE["retried"]))).rejected == []

    apple.wait_for(name, timeout_s=60)
    tries = apple.received(name)
    assert len(tries) == 2
    assert len({one["headers"]["apns-id"] for one in tries}) == 1


def test_an_answer_that_got_lost_rings_once(served):
    """The homeserver did not hear the 200, and asks again."""
    pushkey = unique()
    body = push(pushkey)

    for count in (1, 2):
        assert notify(served, body).rejected == []
        served.wait_outcomes(pushkey, count)

    assert served.outcomes(pushkey) == ["delivered", "dropped"]
    assert len(served.fcm.received(pushkey)) == 1


def test_one_that_fails_delays_no_other_of_its_request(served, apple, browser):
    """Sygnal sends to one after another, and stops at the first failure."""
    failing, phone, tab = unique("hang"), unique(), unique()
    p256dh, subscribed = browser.subscription(tab)
    body = notification(
        device(failing, TROUBLE["retried"]),
        device(base64_of(phone), IOS),
        device(p256dh, WEB, data=subscribed),
    )

    assert notify(served, body).rejected == []

    apple.wait_for(phone)
    browser.wait_for(tab)
    assert served.fcm.delivered(failing) == []
    served.fcm.control(revive=failing)
    served.fcm.wait_for(failing, timeout_s=60)


# ---- Mixed up ----


def test_background_pushes_have_the_priority_that_apple_demands(served, apple):
    name = unique()

    assert notify(served, notification(device(base64_of(name), BACKGROUND))).rejected == []

    headers = apple.wait_for(name)[0]["headers"]
    assert (headers["apns-push-type"], headers["apns-priority"]) == ("background", "5")


def test_options_are_not_shared_between_pushes(served):
    """Sygnal writes the priority of one push into what all others start from."""
    sent = {unique(): prio for prio in ("low", "high") * 10}

    for pushkey, prio in sent.items():
        assert notify(served, notification(device(pushkey, OPTIONS), prio=prio)).rejected == []

    for pushkey, prio in sent.items():
        android = served.fcm.wait_for(pushkey)[0]["body"]["message"]["android"]
        assert android["direct_boot_ok"] is True
        assert android["priority"] == {"low": "normal", "high": "high"}[prio]


# ---- Answers ----


def test_the_answer_is_json_by_its_type(served):
    answer = notify(served, push(unique()))

    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"rejected": []}


def test_a_body_that_is_too_large_has_an_answer(served):
    """Sygnal resets the connection; so that whoever sent it knows what was wrong, and goes on."""
    with served.ingress.client() as client:
        answer = client.notify(push(unique(), content={"body": "x" * 600_000}))
        assert (answer.status, answer.errcode) == (413, "M_TOO_LARGE")


@pytest.mark.parametrize("body", [b"null", b"12"])
def test_a_body_that_is_no_object_is_400(served, body):
    """Sygnal answers 500, which homeservers repeat."""
    answer = served.notify(body)

    assert (answer.status, answer.errcode) == (400, "M_BAD_JSON")
