"""Every row of the table of answers: who calls with what gets which status and which words."""

import http.client
import json
import socket

import pytest

from support import http_client
from support.http_client import NOTIFY
from support.matrix import APP_ID, badge, device, notification, push, unique
from support.processes import wait_until

UNKNOWN = "nobody.configured.this"
RETIRED = "chat.columba.retired"

DEEP = b'{"notification":{"devices":[{"app_id":"a","pushkey":"b","data":' + (
    b"[" * 70 + b"]" * 70
) + b"}]}}"

NEVER_UNDERSTOOD = {
    "nothing": (b"", "M_NOT_JSON"),
    "no_json": (b"hello", "M_NOT_JSON"),
    "half": (b'{"notification":{"devices":[', "M_NOT_JSON"),
    "two_values": (b'{"notification":{}} {}', "M_NOT_JSON"),
    "too_deep": (DEEP, "M_NOT_JSON"),
    "not_utf8": (b'{"notification":"\xff\xfe"}', "M_NOT_JSON"),
    "null": (b"null", "M_BAD_JSON"),
    "number": (b"12", "M_BAD_JSON"),
    "array": (b"[]", "M_BAD_JSON"),
    "notification_is_text": (b'{"notification":"x"}', "M_BAD_JSON"),
    "devices_is_object": (b'{"notification":{"devices":{}}}', "M_BAD_JSON"),
    "no_notification": (b"{}", "M_MISSING_PARAM"),
    "notification_is_null": (b'{"notification":null}', "M_MISSING_PARAM"),
    "no_devices": (b'{"notification":{"event_id":"$e"}}', "M_MISSING_PARAM"),
    "devices_is_null": (b'{"notification":{"devices":null}}', "M_MISSING_PARAM"),
    "devices_is_empty": (b'{"notification":{"devices":[]}}', "M_MISSING_PARAM"),
}


@pytest.fixture(scope="module")
def ingress(gateway):
    """One more ingress on the shared queue, with apps and limits of its own."""
    started = gateway.start_ingress(
        apps={RETIRED: {"type": "retired"}},
        ingress={"device_limit": 20, "copies_limit": "1MiB", "read_timeout": "1s"},
    )
    yield started.wait_ready()
    started.check_end(started.stop())


@pytest.fixture
def notify(ingress):
    with ingress.client() as client:
        yield client.notify


@pytest.mark.parametrize("case", NEVER_UNDERSTOOD)
def test_what_can_never_be_understood_is_400(notify, case):
    body, errcode = NEVER_UNDERSTOOD[case]

    answer = notify(body)

    assert answer.status == 400
    assert answer.errcode == errcode


def test_understood_is_200_with_an_empty_list(notify):
    answer = notify(push(unique()))

    assert answer.status == 200
    assert answer.body == b'{"rejected":[]}'
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "broken",
    [
        {"pushkey": unique(), "data": {}},
        {"app_id": None, "pushkey": unique()},
        {"app_id": "", "pushkey": unique()},
        {"app_id": 12, "pushkey": unique()},
        {"app_id": APP_ID, "pushkey": "a\0b" + unique()},
    ],
    ids=["no_app_id", "null_app_id", "empty_app_id", "numeric_app_id", "nul_in_pushkey"],
)
def test_a_malformed_device_is_rejected_and_its_neighbour_delivered(gateway, notify, broken):
    pushkey = unique()

    answer = notify(notification(broken, device(pushkey)))

    assert answer.rejected == [broken["pushkey"]]
    gateway.fcm.wait_for(pushkey)
    assert gateway.fcm.received(broken["pushkey"]) == []


@pytest.mark.parametrize("nameless", [{"app_id": APP_ID}, {"app_id": APP_ID, "pushkey": ""}, 12, None])
def test_a_device_without_a_pushkey_harms_no_neighbour(gateway, notify, nameless):
    pushkey = unique()
    body = notification(device(pushkey))
    body["notification"]["devices"].insert(0, nameless)

    assert set(notify(body).rejected) <= {""}

    gateway.fcm.wait_for(pushkey)


def test_a_retired_app_is_rejected(gateway, notify):
    pushkey = unique()

    assert notify(notification(device(pushkey, RETIRED))).rejected == [pushkey]

    assert gateway.fcm.received(pushkey) == []


def test_an_unknown_app_is_dropped_and_counted(ingress, notify):
    before = ingress.metrics().sum("columba_ingress_unknown_app_total", app_id=UNKNOWN)

    assert notify(notification(device(unique(), UNKNOWN))).rejected == []

    after = ingress.metrics().sum("columba_ingress_unknown_app_total", app_id=UNKNOWN)
    assert after == before + 1


def test_an_unknown_app_is_rejected_where_configured(gateway):
    pushkey = unique()
    strict = gateway.start_ingress(ingress={"unknown_app": "reject"}).wait_ready()

    with strict.client() as client:
        assert client.notify(notification(device(pushkey, UNKNOWN))).rejected == [pushkey]

    strict.check_end(strict.stop())


def test_a_body_over_512_kib_is_413(notify):
    padding = "x" * (512 * 1024)

    answer = notify(push(unique(), content={"body": padding}))

    assert answer.status == 413
    assert answer.errcode == "M_TOO_LARGE"


def test_a_body_just_under_512_kib_is_understood(gateway, notify):
    pushkey = unique()
    body = push(pushkey, content={"body": ""})
    room = 512 * 1024 - len(json.dumps(body, separators=(",", ":")))
    body["notification"]["content"]["body"] = "x" * room

    assert notify(body).rejected == []

    gateway.fcm.wait_for(pushkey)


def test_a_chunked_body_over_512_kib_is_413(ingress):
    connection = http.client.HTTPConnection("127.0.0.1", ingress.port, timeout=20)
    parts = (b"x" * 8192 for _ in range(80))

    try:
        connection.request("POST", NOTIFY, parts, encode_chunked=True)
        status = connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError):
        status = connection.getresponse().status
    finally:
        connection.close()

    assert status == 413


def test_a_chunked_body_is_understood(gateway, ingress):
    pushkey = unique()
    body = json.dumps(push(pushkey)).encode()
    connection = http.client.HTTPConnection("127.0.0.1", ingress.port, timeout=20)

    connection.request(
        "POST", NOTIFY, (body[at : at + 7] for at in range(0, len(body), 7)), encode_chunked=True
    )
    assert connection.getresponse().status == 200
    connection.close()

    gateway.fcm.wait_for(pushkey)


def test_too_many_devices_are_413(gateway, notify):
    within = [unique() for _ in range(20)]

    assert notify(notification(*map(device, within))).rejected == []
    answer = notify(notification(*[device(unique()) for _ in range(21)]))

    assert answer.status == 413
    assert answer.errcode == "M_TOO_LARGE"
    for pushkey in within:
        gateway.fcm.wait_for(pushkey)


def test_too_many_bytes_of_copies_are_413(notify):
    devices = [device(unique()) for _ in range(10)]

    answer = notify(notification(*devices, content={"body": "x" * 200000}))

    assert answer.status == 413
    assert answer.errcode == "M_TOO_LARGE"


@pytest.mark.parametrize("path", ["/", "/_matrix/push/v1/notify/", "/_matrix/push/v2/notify", "/metrics"])
def test_other_paths_are_404(ingress, path):
    with ingress.client() as client:
        for method in ("GET", "POST"):
            answer = client.request(method, path, b"{}")
            assert answer.status == 404
            assert answer.errcode == "M_UNRECOGNIZED"


def test_load_balancers_are_answered(ingress):
    assert http_client.get(ingress.port, "/health").status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_405(ingress, method):
    with ingress.client() as client:
        answer = client.request(method, NOTIFY, b"{}")

    assert answer.status == 405
    assert answer.errcode == "M_UNRECOGNIZED"
    assert answer.headers["allow"] == "POST"


def test_a_connection_is_kept_over_answers_of_every_kind(ingress):
    with ingress.client() as client:
        client.notify(push(unique()))
        socket_before = client.connection.sock
        for body in (b"{}", b"hello", badge(unique(), 3), push(unique())):
            client.notify(body)
        client.get("/nowhere")
        assert client.connection.sock is socket_before


def is_closed(connection):
    """Whether the other side has closed it, without waiting. What arrives until then is dropped."""
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            pass
        return True
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def test_a_request_that_dribbles_is_cut_off(ingress):
    head = f"POST {NOTIFY} HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", ingress.port), 20) as connection:
        connection.sendall(head)

        def is_cut_off():
            if is_closed(connection):
                return True
            try:
                connection.send(b" ")
            except BlockingIOError:
                pass
            except ConnectionError:
                return True
            return False

        wait_until("the connection is closed", is_cut_off, 15, [ingress])


def test_a_caller_that_says_nothing_is_cut_off(ingress):
    with socket.create_connection(("127.0.0.1", ingress.port), 20) as connection:
        wait_until("the connection is closed", lambda: is_closed(connection), 15, [ingress])


def test_a_full_house_serves_the_next_and_ends_the_longest_idle(gateway):
    limit = 4
    small = gateway.start_ingress(ingress={"workers": 1, "connection_limit": limit}).wait_ready()
    callers = [small.client() for _ in range(limit)]
    for caller in callers:
        assert caller.notify(push(unique())).rejected == []

    with small.client() as late:
        assert late.notify(push(unique())).rejected == []

    wait_until("the first one is ended", lambda: is_closed(callers[0].connection.sock), 15, [small])
    for caller in callers:
        caller.close()
    small.check_end(small.stop())


def test_nonsense_instead_of_http_is_answered_or_closed(ingress):
    for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20, b"\0" * 500, b"GET\r\n\r\n"):
        answer = http_client.raw(ingress.port, data)
        assert answer == b"" or answer.startswith(b"HTTP/1."), answer[:100]
    assert ingress.is_ready()
