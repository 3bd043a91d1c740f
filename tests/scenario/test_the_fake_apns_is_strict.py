"""What the fake APNs would not notice, no test notices: it refuses what Apple refuses."""

import json
import time
from types import SimpleNamespace

import apns
import certificates
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from http2 import Request
from signed_token import base64url

GOOD = {
    ":method": "POST",
    ":path": "/3/device/" + b"ok-1".hex(),
    "apns-topic": apns.TOPIC,
    "apns-push-type": "alert",
    "apns-priority": "10",
    "apns-id": "123e4567-e89b-12d3-a456-4266554400a0",
}


class Connection:
    """What the fake asks of one."""

    stream_limit = 1


@pytest.fixture
def fake(tmp_path):
    return apns.Apns(
        SimpleNamespace(dir=tmp_path, certificates=False), SimpleNamespace(stream_limit=1000)
    )


def token(fake, header=None, claims=None, spoil=False, key_file="AuthKey.p8"):
    header = {"alg": "ES256", "kid": apns.KEY_ID, **(header or {})}
    claims = {"iss": apns.TEAM_ID, "iat": int(time.time()), **(claims or {})}
    signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    key = certificates.write_ec_key(fake.path(key_file))
    signature = key.sign(signed.encode() + b"x" * spoil, ec.ECDSA(hashes.SHA256()))
    numbers = b"".join(n.to_bytes(32, "big") for n in utils.decode_dss_signature(signature))
    return f"bearer {signed}.{base64url(numbers)}"


def ask(fake, authorization, headers=None, body=b'{"aps":{}}', connection=None):
    """The status, and Apple's reason."""
    given = {**GOOD, "authorization": authorization, **(headers or {})}
    connection = connection or Connection()
    answer = fake.handle(Request(given, bytearray(body), connection))
    connection.stream_limit = answer.streams or connection.stream_limit
    return answer.status, json.loads(answer.body or b"{}").get("reason")


def test_a_good_push_opens_the_connection_for_more(fake):
    connection = Connection()

    assert ask(fake, token(fake), connection=connection) == (200, None)
    assert connection.stream_limit == 1000


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"header": {"kid": "another"}}, "InvalidProviderToken"),
        ({"header": {"alg": "none"}}, "InvalidProviderToken"),
        ({"claims": {"iss": "another"}}, "InvalidProviderToken"),
        ({"claims": {"iat": "now"}}, "InvalidProviderToken"),
        ({"claims": {"iat": int(time.time()) + 86400}}, "InvalidProviderToken"),
        ({"spoil": True}, "InvalidProviderToken"),
        ({"claims": {"iat": int(time.time()) - 3700}}, "ExpiredProviderToken"),
    ],
    ids=["kid", "alg", "iss", "no_number", "future", "signature", "old"],
)
def test_a_wrong_token_is_refused_and_opens_nothing(fake, wrong, reason):
    connection = Connection()

    assert ask(fake, token(fake, **wrong), connection=connection) == (403, reason)
    assert connection.stream_limit == 1


def test_no_token_is_refused(fake):
    assert ask(fake, "") == (403, "MissingProviderToken")


def test_tokens_made_too_often_are_refused(fake):
    connection = Connection()
    older = token(fake, claims={"iat": int(time.time()) - 1000})
    oldest = token(fake, claims={"iat": int(time.time()) - 2000})

    assert ask(fake, oldest, connection=connection) == (200, None)
    assert ask(fake, token(fake), connection=connection) == (200, None)
    assert ask(fake, older, connection=connection) == (429, "TooManyProviderTokenUpdates")


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ({":method": "PUT"}, 405, "MethodNotAllowed"),
        ({":path": "/device/00"}, 404, "BadPath"),
        ({":path": "/3/device/"}, 400, "MissingDeviceToken"),
        ({":path": "/3/device/abc"}, 400, "BadDeviceToken"),
        ({"apns-topic": "chat.columba.other"}, 400, "BadTopic"),
        ({"apns-topic": ""}, 400, "MissingTopic"),
        ({"apns-push-type": "loud"}, 400, "InvalidPushType"),
        ({"apns-push-type": "voip"}, 400, "BadTopic"),
        ({"apns-push-type": "background"}, 400, "BadPriority"),
        ({"apns-priority": "7"}, 400, "BadPriority"),
        ({"apns-expiration": "soon"}, 400, "BadExpirationDate"),
        ({"apns-collapse-id": "x" * 65}, 400, "BadCollapseId"),
        ({"apns-id": "1"}, 400, "BadMessageId"),
    ],
)
def test_a_wrong_request_is_refused(fake, headers, status, reason):
    assert ask(fake, token(fake), headers) == (status, reason)


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "PayloadEmpty"),
        (b"{", 400, "PayloadEmpty"),
        (b'{"a":"' + b"x" * 4089 + b'"}', 413, "PayloadTooLarge"),
        (b'{"a":"' + b"x" * 4088 + b'"}', 200, None),
    ],
)
def test_the_payload_is_looked_at(fake, body, status, reason):
    assert ask(fake, token(fake), body=body) == (status, reason)


def test_a_connection_is_for_the_key_that_was_first_shown_on_it(fake):
    connection = Connection()
    other = token(fake, {"kid": apns.OTHER_KEY_ID}, key_file="OtherKey.p8")

    assert ask(fake, token(fake), connection=connection) == (200, None)
    assert ask(fake, other, connection=connection) == (403, "UnrelatedKeyIdInToken")
    assert ask(fake, token(fake), connection=connection) == (200, None)
    assert ask(fake, other) == (200, None)
