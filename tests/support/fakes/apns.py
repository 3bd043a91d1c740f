#!/usr/bin/python3
"""A fake of Apple's push service (HTTP/2, provider tokens or certificates).

    apns.py --dir DIR [--port P] [--streams N] [--certificates]

Speaks HTTP/2 over TLS on loopback; writes AuthKey.p8, and OtherKey.p8 of the same team, into DIR beside
what service.py says. A device
token is hex, and what it spells tells how it is answered: the table ANSWERS below lists the words,
service.py those of every fake. What it understands beside that:
    {"expire": true}          the provider tokens made until now are too old
    {"close": true}           GOAWAY to every connection, for Shutdown
A connection is for the key that was first shown on it, and has one stream at a time until a request on it has shown a good provider token, as
Apple's have; it says so no sooner than over a real distance, and the first answer takes a little
longer, so that whoever does not wait is seen.
With --certificates it takes clients alone that show the certificate whose key is in DIR, as client.pem,
and under PASSWORD as client_locked.pem and client.p12: it stands in for tokens, and says the topic. It
takes sandbox.pem too, a certificate of another environment, where it knows no device token.
"""

import json
import os
import re
import ssl
import sys
import time
import uuid
import weakref

import service
import signed_token
from certificates import server_context, write_client, write_ec_key
from http2 import Answer
from service import ALWAYS, retry_after

KEY_ID = "ABC123DEFG"
OTHER_KEY_ID = "JKL456MNOP"
TEAM_ID = "DEF123GHIJ"
TOPIC = "chat.columba.ios"
PATH = re.compile(r"^/3/device/([^/]*)$")
HEX = re.compile(r"^(?:[0-9a-f]{2})+$")
UUID = re.compile(r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
# What follows the app's bundle id in the topic of each push type.
TOPIC_SUFFIXES = {
    "alert": "",
    "background": "",
    "voip": ".voip",
    "complication": ".complication",
    "fileprovider": ".pushkit.fileprovider",
    "location": ".location-query",
    "pushtotalk": ".voip-ptt",
    "liveactivity": ".push-type.liveactivity",
    "widgets": ".push-type.widgets",
    "controls": ".push-type.controls",
}
PRIORITIES = ("1", "5", "10")
COLLAPSE_ID_BYTES = 64
PAYLOAD_BYTES = {"voip": 5120}
PAYLOAD_BYTES_OTHERWISE = 4096
TOKEN_LIFETIME_S = 3600
TOKEN_INTERVAL_S = 20 * 60
CLOCK_SKEW_S = 60
PASSWORD = "open sesame"
CLIENT_DAYS = 20
SANDBOX = "sandbox"
FIRST_ANSWER_S = 0.05
FAR_S = 0.02


class Refused(Exception):
    """status and reason as Apple words them."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.answer = refusal(status, reason)


def refusal(status, reason, headers=(), **more):
    return Answer(status, json.dumps({"reason": reason, **more}).encode(), tuple(headers))


def _goaway(_number):
    return Answer(action="goaway", body=b'{"reason":"Shutdown"}')


# The number behind the two of 410 is the seconds since then; behind others, those of Retry-After.
ANSWERS = {
    "dead": (ALWAYS, lambda n: refusal(
        410, "Unregistered", timestamp=int((time.time() - n) * 1000))),
    "expiredtoken": (ALWAYS, lambda n: refusal(
        410, "ExpiredToken", timestamp=int((time.time() - n) * 1000))),
    "bad": (ALWAYS, lambda n: refusal(400, "BadDeviceToken")),
    "wrongtopic": (ALWAYS, lambda n: refusal(400, "DeviceTokenNotForTopic")),
    "disallowed": (ALWAYS, lambda n: refusal(400, "TopicDisallowed")),
    "forbidden": (ALWAYS, lambda n: refusal(403, "Forbidden")),
    "badcert": (ALWAYS, lambda n: refusal(403, "BadCertificateEnvironment")),
    "expired": (ALWAYS, lambda n: refusal(403, "ExpiredProviderToken")),
    "invalid": (ALWAYS, lambda n: refusal(403, "InvalidProviderToken")),
    "updates": (ALWAYS, lambda n: refusal(429, "TooManyProviderTokenUpdates")),
    "toomany": (ALWAYS, lambda n: refusal(429, "TooManyRequests", retry_after(n))),
    "internal": (ALWAYS, lambda n: refusal(500, "InternalServerError")),
    "unavailable": (ALWAYS, lambda n: refusal(503, "ServiceUnavailable", retry_after(n))),
    "shutdown": (1, lambda n: refusal(503, "Shutdown")),
    "goaway": (1, _goaway),
    "flaky": (None, lambda n: refusal(503, "ServiceUnavailable")),
}


def spelled(token):
    """The text that a device token spells, else the token itself."""
    try:
        return bytes.fromhex(token).decode("ascii")
    except ValueError:
        return token


def shown_name(request):
    """The subject of the client's certificate."""
    subject = request.connection.transport.get_extra_info("peercert")["subject"]
    return dict(pair for [pair] in subject)["commonName"]


class Apns(service.Service):
    NAME = "APNs"
    ANSWERS = ANSWERS

    def __init__(self, arguments, server):
        super().__init__(arguments.dir, server)
        self.by_certificate = arguments.certificates
        self.public_keys = {
            KEY_ID: write_ec_key(self.path("AuthKey.p8")).public_key(),
            OTHER_KEY_ID: write_ec_key(self.path("OtherKey.p8")).public_key(),
        }
        self.key_ids = weakref.WeakKeyDictionary()  # which key a connection is for
        self.expired_until = 0
        self.shown = weakref.WeakKeyDictionary()  # when the token of a connection was made
        self.later_streams = server.stream_limit
        server.distance_s = FAR_S
        if not self.by_certificate:
            server.stream_limit = 1

    @staticmethod
    def add_arguments(parser):
        parser.add_argument("--certificates", action="store_true", help="in place of tokens")

    @staticmethod
    def context(arguments):
        context = server_context(arguments.dir)
        if arguments.certificates:
            for name in ("client", SANDBOX):
                path = os.path.join(arguments.dir, name + ".pem")
                if not os.path.exists(path):
                    write_client(arguments.dir, name, PASSWORD.encode(), CLIENT_DAYS)
                context.load_verify_locations(path)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def ready(self):
        return {
            "key_file": self.path("AuthKey.p8"),
            "key_id": KEY_ID,
            "other_key_file": self.path("OtherKey.p8"),
            "other_key_id": OTHER_KEY_ID,
            "team_id": TEAM_ID,
            "topic": TOPIC,
            "certificate_password": PASSWORD,
        }

    def handle(self, request):
        found = {}
        try:
            answer = self.answer_push(request, found)
        except Refused as refused:
            answer = refused.answer
        answer.streams = self.later_streams if found.pop("is_known", False) else 0
        self.record(request, answer, **found)
        apns_id = request.headers.get("apns-id") or str(uuid.uuid4())
        answer.headers = (("apns-id", apns_id), *answer.headers)
        return answer

    def answer_push(self, request, found):
        if request.method != "POST":
            raise Refused(405, "MethodNotAllowed")
        path = PATH.match(request.path)
        if path is None:
            raise Refused(404, "BadPath")
        found["token"] = spelled(path.group(1))
        is_first = request.connection.stream_limit == 1
        if not self.by_certificate:
            self.check_provider_token(request)
        found["is_known"] = True
        if not path.group(1):
            raise Refused(400, "MissingDeviceToken")
        if not HEX.match(path.group(1)):
            raise Refused(400, "BadDeviceToken")
        check_headers(request.headers, self.by_certificate)
        check_payload(request.headers.get("apns-push-type", "alert"), bytes(request.body))
        if self.by_certificate and shown_name(request) == SANDBOX:
            raise Refused(400, "BadDeviceToken")
        answer = self.scripted(found["token"])
        answer.delay_s = FIRST_ANSWER_S if is_first else 0
        return answer

    def check_provider_token(self, request):
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise Refused(403, "MissingProviderToken")
        try:
            token = signed_token.read(text)
        except ValueError:
            raise Refused(403, "InvalidProviderToken") from None
        made_at = token.claims.get("iat")
        key_id = token.header.get("kid")
        if (
            key_id not in self.public_keys
            or token.claims.get("iss") != TEAM_ID
            or not isinstance(made_at, int)
            or made_at > time.time() + CLOCK_SKEW_S
            or not token.is_signed_by(self.public_keys[key_id])
        ):
            raise Refused(403, "InvalidProviderToken")
        if self.key_ids.setdefault(request.connection, key_id) != key_id:
            raise Refused(403, "UnrelatedKeyIdInToken")
        if made_at < max(time.time() - TOKEN_LIFETIME_S, self.expired_until):
            raise Refused(403, "ExpiredProviderToken")
        self.check_interval(request.connection, made_at)

    def check_interval(self, connection, made_at):
        """A connection may show a new token every twenty minutes."""
        shown_at = self.shown.setdefault(connection, made_at)
        if shown_at != made_at and abs(made_at - shown_at) < TOKEN_INTERVAL_S:
            raise Refused(429, "TooManyProviderTokenUpdates")
        self.shown[connection] = made_at

    def success(self):
        return Answer(200, b"", ())

    def control(self, command):
        super().control(command)
        if command.get("expire"):
            self.expired_until = time.time() + 1
        if command.get("close"):
            for connection in list(self.server.connections):
                connection.leave(b'{"reason":"Shutdown"}')


def check_headers(headers, by_certificate=False):
    push_type = headers.get("apns-push-type", "alert")
    if push_type not in TOPIC_SUFFIXES:
        raise Refused(400, "InvalidPushType")
    topic = headers.get("apns-topic", TOPIC + TOPIC_SUFFIXES[push_type] if by_certificate else "")
    if not topic:
        raise Refused(400, "MissingTopic")
    if topic != TOPIC + TOPIC_SUFFIXES[push_type]:
        raise Refused(400, "BadTopic")
    priority = headers.get("apns-priority", "10")
    if priority not in PRIORITIES or (push_type == "background" and priority != "5"):
        raise Refused(400, "BadPriority")
    if not headers.get("apns-expiration", "0").isdecimal():
        raise Refused(400, "BadExpirationDate")
    if len(headers.get("apns-collapse-id", "").encode()) > COLLAPSE_ID_BYTES:
        raise Refused(400, "BadCollapseId")
    if "apns-id" in headers and not UUID.match(headers["apns-id"]):
        raise Refused(400, "BadMessageId")


def check_payload(push_type, body):
    if not body:
        raise Refused(400, "PayloadEmpty")
    if len(body) > PAYLOAD_BYTES.get(push_type, PAYLOAD_BYTES_OTHERWISE):
        raise Refused(413, "PayloadTooLarge")
    try:
        payload = json.loads(body)
    except ValueError:
        payload = None
    if not isinstance(payload, dict):
        raise Refused(400, "PayloadEmpty")


if __name__ == "__main__":
    sys.exit(service.main(Apns))
