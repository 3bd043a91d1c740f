#!/usr/bin/python3
"""A fake of what endpoints belong to: a browser's push service, and a UnifiedPush server.

    endpoint.py --dir DIR --port P [--hosts N]

Speaks HTTP/2 over TLS on loopback; writes vapid.pem, the key that its subscriptions are bound to,
into DIR beside what service.py says. /wp/NAME is the endpoint of a subscription whose keys
subscription.py makes from NAME, /up/NAME one of UnifiedPush. What NAME begins with tells how it is
answered: the table ANSWERS below lists the words, service.py those of every fake.
With --hosts it listens at so many of certificates.HOSTS too. What is recorded has the name as "token", and the decrypted message as "plaintext".
"""

import json
import re
import sys
import time

import service
import signed_token
from certificates import HOSTS, write_ec_key
from http2 import Answer
from service import ALWAYS, retry_after
from subscription import Subscription, point_of

PATH = re.compile(r"^/(wp|up)/([A-Za-z0-9_-]+)(?:\?|$)")
TOPIC = re.compile(r"^[A-Za-z0-9_-]{1,32}$")
URGENCIES = ("very-low", "low", "normal", "high")
BODY_BYTES = 4096
VAPID_LIFETIME_S = 24 * 3600
AUTHORIZATION = re.compile(r"^vapid t=([^,\s]+),\s*k=([^,\s]+)$")


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.answer = refusal(status, message)


def refusal(status, message="", headers=()):
    return Answer(status, message.encode(), (("content-type", "text/plain"), *headers))


# The number behind a name is seconds for Retry-After, times for flaky.
ANSWERS = {
    "dead": (ALWAYS, lambda n: refusal(410, "push subscription has unsubscribed or expired.")),
    "gone": (ALWAYS, lambda n: refusal(404, "no such endpoint")),
    "mismatch": (ALWAYS, lambda n: refusal(403, "the VAPID credentials in the authorization header "
                                           "do not correspond to the credentials used to create "
                                           "the subscriptions.")),
    "denied": (ALWAYS, lambda n: refusal(403, "forbidden")),
    "unauthorized": (ALWAYS, lambda n: refusal(401, "unauthorized")),
    "toomany": (ALWAYS, lambda n: refusal(429, "too many", retry_after(n))),
    "internal": (ALWAYS, lambda n: refusal(500, "internal error")),
    "unavailable": (ALWAYS, lambda n: refusal(503, "unavailable", retry_after(n))),
    "full": (ALWAYS, lambda n: refusal(507, "no room")),
    "redirect": (ALWAYS, lambda n: refusal(307, "", [("location", "/wp/elsewhere")])),
    "flaky": (None, lambda n: refusal(503, "unavailable")),
}


class Endpoint(service.Service):
    NAME = "push service and UnifiedPush server"
    ANSWERS = ANSWERS

    def __init__(self, arguments, server):
        super().__init__(arguments.dir, server)
        self.vapid_key = write_ec_key(self.path("vapid.pem")).public_key()

    @staticmethod
    def add_arguments(parser):
        parser.add_argument("--hosts", type=int, default=0, help="how many, beside localhost")

    @staticmethod
    def addresses(arguments):
        return ("127.0.0.1", *HOSTS[: arguments.hosts])

    def ready(self):
        return {"vapid_key_file": self.path("vapid.pem")}

    def handle(self, request):
        found = {}
        try:
            answer = self.answer_message(request, found)
        except Refused as refused:
            answer = refused.answer
        self.record(request, answer, **found)
        return answer

    def answer_message(self, request, found):
        path = PATH.match(request.path)
        if path is None:
            raise Refused(404, "no such endpoint")
        kind, found["token"] = path.groups()
        if request.method != "POST":
            raise Refused(405, "POST, please")
        if len(request.body) > BODY_BYTES:
            raise Refused(413, "too large")
        if not request.headers.get("ttl", "").isdecimal():
            raise Refused(400, "TTL is missing")
        if request.headers.get("content-encoding") != "aes128gcm":
            raise Refused(415, "unknown encoding")
        if kind == "wp":
            found["plaintext"] = self.read_message(request, found["token"])
        return self.scripted(found["token"])

    def read_message(self, request, name):
        headers = request.headers
        if "topic" in headers and not TOPIC.match(headers["topic"]):
            raise Refused(400, "invalid Topic")
        if headers.get("urgency", "normal") not in URGENCIES:
            raise Refused(400, "invalid Urgency")
        self.check_vapid(headers.get("authorization", ""), headers[":authority"])
        try:
            return json.loads(Subscription(name).decrypt(bytes(request.body)))
        except ValueError as fault:
            raise Refused(400, f"cannot be read: {fault}") from None

    def check_vapid(self, authorization, origin_host):
        """RFC 8292: a token signed with the key that the subscription is bound to."""
        fields = AUTHORIZATION.match(authorization)
        if fields is None:
            raise Refused(401, "VAPID is needed")
        if fields.group(2) != signed_token.base64url(point_of(self.vapid_key)):
            raise Refused(403, "the credentials do not correspond to those of the subscription")
        try:
            token = signed_token.read(fields.group(1))
        except ValueError as fault:
            raise Refused(401, f"invalid token: {fault}") from None
        if not token.is_signed_by(self.vapid_key):
            raise Refused(401, "invalid signature")
        expires = token.claims.get("exp")
        if not isinstance(expires, int) or not 0 < expires - time.time() <= VAPID_LIFETIME_S:
            raise Refused(401, "invalid exp")
        if token.claims.get("aud") != f"https://{origin_host}":
            raise Refused(401, "invalid aud")
        if not str(token.claims.get("sub", "")).startswith(("mailto:", "https:")):
            raise Refused(401, "invalid sub")

    def success(self):
        return refusal(201, "")


if __name__ == "__main__":
    sys.exit(service.main(Endpoint))
