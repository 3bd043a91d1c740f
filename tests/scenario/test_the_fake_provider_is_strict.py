"""What the fake provider would not notice, no test notices: it refuses what Google refuses."""

import base64
import json
import time

import fcm_message
import google_oauth
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from http2 import Request

URI = "https://localhost:1/token"


@pytest.fixture
def endpoint(tmp_path):
    account = google_oauth.write_service_account(tmp_path, "demo", URI)
    return google_oauth.TokenEndpoint(account, 3600)


def base64url(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def assertion(account, header=None, claims=None, spoil=False):
    now = int(time.time())
    header = {"alg": "RS256", "typ": "JWT", "kid": account["private_key_id"], **(header or {})}
    claims = {
        "iss": account["client_email"], "scope": google_oauth.SCOPE, "aud": URI, "iat": now,
        "exp": now + 3600, **(claims or {}),
    }
    signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    key = serialization.load_pem_private_key(account["private_key"].encode(), None)
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    if spoil:
        signature = signature[:-1] + bytes([signature[-1] ^ 1])
    return f"{signed}.{base64url(signature)}"


def ask(endpoint, text, grant_type=google_oauth.GRANT_TYPE):
    form = f"grant_type={grant_type}&assertion={text}".encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return endpoint.handle(Request(headers, bytearray(form)))


def test_a_good_assertion_gets_a_token_that_is_accepted(endpoint):
    answer = ask(endpoint, assertion(endpoint.account))

    assert answer.status == 200
    token = json.loads(answer.body)["access_token"]
    assert endpoint.accepts(f"Bearer {token}")
    assert not endpoint.accepts(f"Bearer {token}x")
    endpoint.revoke_all()
    assert not endpoint.accepts(f"Bearer {token}")


def test_a_token_ends(endpoint):
    endpoint.lifetime_s = 0
    token = json.loads(ask(endpoint, assertion(endpoint.account)).body)["access_token"]
    assert not endpoint.accepts(f"Bearer {token}")


@pytest.mark.parametrize(
    "wrong",
    [
        {"header": {"kid": "another"}},
        {"header": {"alg": "none"}},
        {"claims": {"iss": "stranger@example.org"}},
        {"claims": {"aud": "https://example.org/token"}},
        {"claims": {"scope": "https://example.org/auth/everything"}},
        {"claims": {"exp": int(time.time()) + 7200}},
        {"claims": {"iat": int(time.time()) - 9000, "exp": int(time.time()) - 5400}},
        {"claims": {"iat": int(time.time()) + 2000, "exp": int(time.time()) + 3000}},
        {"claims": {"iat": "now"}},
        {"spoil": True},
    ],
    ids=["kid", "alg", "iss", "aud", "scope", "too_long", "past", "future", "no_number", "signature"],
)
def test_a_wrong_assertion_is_refused(endpoint, wrong):
    answer = ask(endpoint, assertion(endpoint.account, **wrong))

    assert answer.status == 400
    assert json.loads(answer.body)["error"].startswith("invalid_")
    assert (endpoint.mint_count, endpoint.refused_count) == (0, 1)


def test_another_grant_type_is_refused(endpoint):
    assert ask(endpoint, assertion(endpoint.account), "password").status == 400


def check(message):
    return fcm_message.check(json.dumps({"message": message}).encode())


def test_messages_as_they_should_be():
    assert check({"token": "t", "data": {"a": "b"}}) == ("token", "t")
    assert check({"fid": "f", "android": {"priority": "high", "ttl": "3.5s"}}) == ("fid", "f")
    assert check({"token": "t", "fcmOptions": {"analyticsLabel": "x"}}) == ("token", "t")
    assert check({"token": "t", "data": {"k" * 96: "v" * 4000}}) == ("token", "t")


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"token": ""},
        {"token": "t", "fid": "f"},
        {"token": "t", "data": {"a": 1}},
        {"token": "t", "data": {"a": None}},
        {"token": "t", "data": []},
        {"token": "t", "data": {"from": "x"}},
        {"token": "t", "data": {"google.a": "x"}},
        {"token": "t", "data": {"gcm.notification.a": "x"}},
        {"token": "t", "data": {"k" * 96: "v" * 4001}},
        {"token": "t", "colour": "blue"},
        {"token": "t", "android": {"priority": "urgent"}},
        {"token": "t", "android": {"ttl": 3600}},
        {"token": "t", "android": {"ttl": "1h"}},
        None,
    ],
)
def test_messages_as_they_should_not_be(message):
    with pytest.raises(fcm_message.Invalid):
        check(message)
