#!/usr/bin/python3
"""A fake of Firebase Cloud Messaging (HTTP v1) and of the token endpoint beside it.

    fcm.py --dir DIR [--port P] [--token-lifetime SECONDS]

Speaks HTTP/2 over TLS on loopback. How it answers is told by the beginning of the token; the table
ANSWERS below lists them, service.py those of every fake, and how one is run and controlled. What it
understands beside that:
    {"tokens": "refuse"}      the token endpoint answers 400 invalid_grant; "grant" undoes it,
                              "html" is a proxy's page instead
    {"token_lifetime": 30}    of tokens from now on, in seconds
    {"revoke": true}          every bearer token is stale from now on
    {"rotate": true}          the service account has another key, and its file too
The answer holds the counts of mints and refused assertions too.
"""

import json
import os
import sys
import time
from email.utils import formatdate

import fcm_message
import service
from fcm_message import error
from google_oauth import TokenEndpoint, write_service_account
from http2 import Answer
from service import ALWAYS, html, retry_after

PROJECT = "demo"
SEND_PATH = f"/v1/projects/{PROJECT}/messages:send"
STALE_TOKEN = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie "
    "or other valid authentication credential."
)


def _quota(number, subject=f"project:{PROJECT}"):
    violation = {"subject": subject, "description": "Messages sent per minute"}
    return error(
        429,
        "RESOURCE_EXHAUSTED",
        "Quota exceeded for quota metric 'Messages sent' of service 'fcm.googleapis.com'.",
        "QUOTA_EXCEEDED",
        [{"@type": fcm_message.QUOTA_FAILURE, "violations": [violation]}],
        retry_after(number, 2),
    )


def _unavailable(number):
    message = "The service is currently unavailable."
    return error(503, "UNAVAILABLE", message, "UNAVAILABLE", (), retry_after(number))


def _dated(number):
    when = formatdate(time.time() + number, usegmt=True)
    return error(503, "UNAVAILABLE", "The service is currently unavailable.", "UNAVAILABLE", (),
                 (("retry-after", when),))


def _unauthenticated(_number=0):
    return error(401, "UNAUTHENTICATED", STALE_TOKEN)


def _sent(delay_s=0):
    name = f"projects/{PROJECT}/messages/0:{time.time_ns():x}"
    return Answer(200, b'{\n  "name": "%s"\n}\n' % name.encode(), delay_s=delay_s)


# The number behind a name is seconds for Retry-After, milliseconds for slow, times for flaky.
ANSWERS = {
    "dead": (ALWAYS, lambda n: error(
        404, "NOT_FOUND", "Requested entity was not found.", "UNREGISTERED")),
    "notfound": (ALWAYS, lambda n: error(404, "NOT_FOUND", "Requested entity was not found.")),
    "invalid": (ALWAYS, lambda n: error(
        400, "INVALID_ARGUMENT",
        "The registration token is not a valid FCM registration token", "INVALID_ARGUMENT")),
    "badfield": (ALWAYS, lambda n: fcm_message.invalid_field(
        fcm_message.Invalid("message.android.ttl", "Invalid value at 'message.android.ttl'"))),
    "mismatch": (ALWAYS, lambda n: error(
        403, "PERMISSION_DENIED", "SenderId mismatch", "SENDER_ID_MISMATCH")),
    "denied": (ALWAYS, lambda n: error(
        403, "PERMISSION_DENIED",
        "Permission 'cloudmessaging.messages.create' denied on resource.")),
    "thirdparty": (ALWAYS, lambda n: error(
        401, "UNAUTHENTICATED", "Auth error from APNS or Web Push Service",
        "THIRD_PARTY_AUTH_ERROR")),
    "expired": (ALWAYS, _unauthenticated),
    "quota": (ALWAYS, _quota),
    "internal": (ALWAYS, lambda n: error(
        500, "INTERNAL", "Internal error encountered.", "INTERNAL")),
    "unavailable": (ALWAYS, _unavailable),
    "dated": (1, _dated),
    "unauth": (1, _unauthenticated),
    "flaky": (None, lambda n: _unavailable(0)),
    "hasty": (None, lambda n: _quota(1, "device:of-that-token")),
    "slow": (ALWAYS, lambda n: _sent(n / 1000)),
}


class Fcm(service.Service):
    NAME = "FCM"
    ANSWERS = ANSWERS

    def __init__(self, arguments, server):
        super().__init__(arguments.dir, server)
        self.token_uri = server.url + "/token"
        account = write_service_account(arguments.dir, PROJECT, self.token_uri)
        self.tokens = TokenEndpoint(account, arguments.token_lifetime)
        self.token_mode = "grant"

    @staticmethod
    def add_arguments(parser):
        parser.add_argument("--token-lifetime", type=int, default=3600, help="in seconds")

    def ready(self):
        return {
            "project_id": PROJECT,
            "service_account_file": self.path("service-account.json"),
        }

    def handle(self, request):
        if request.method != "POST":
            return error(404, "NOT_FOUND", "Method not found.")
        if request.path == "/token":
            return self.answer_token(request)
        if request.path != SEND_PATH:
            if request.path.startswith("/v1/projects/"):
                return error(403, "PERMISSION_DENIED", "Permission denied on resource project.")
            return html(404, "Error 404 (Not Found)!!1")
        kind, target, answer = self.answer_message(request)
        self.record(request, answer, **({kind: target} if kind else {}))
        return answer

    def answer_token(self, request):
        if self.token_mode == "html":
            return html(502, "Bad Gateway")
        if self.token_mode == "refuse":
            self.tokens.refused_count += 1
            body = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            return Answer(400, json.dumps(body).encode())
        return self.tokens.handle(request)

    def answer_message(self, request):
        """Returns what the message was addressed by, to whom, and the answer."""
        if not self.tokens.accepts(request.headers.get("authorization", "")):
            return "", "", _unauthenticated()
        if not request.headers.get("content-type", "").startswith("application/json"):
            return "", "", error(400, "INVALID_ARGUMENT", "Invalid content type.")
        try:
            kind, target = fcm_message.check(request.body)
        except fcm_message.Invalid as invalid:
            return "", "", fcm_message.invalid_field(invalid)
        return kind, target, self.scripted(target)

    def success(self):
        return _sent()

    def control(self, command):
        super().control(command)
        if "tokens" in command:
            self.token_mode = command["tokens"]
        if "token_lifetime" in command:
            self.tokens.lifetime_s = int(command["token_lifetime"])
        if command.get("revoke"):
            self.tokens.revoke_all()
        if command.get("rotate"):
            self.rotate()

    def rotate(self):
        """Neither the key before nor its tokens are good any more."""
        os.remove(self.path("service-account.json"))
        account = write_service_account(self.directory, PROJECT, self.token_uri)
        self.tokens = TokenEndpoint(account, self.tokens.lifetime_s)

    def stats(self):
        return super().stats() | {
            "mints": self.tokens.mint_count,
            "refused": self.tokens.refused_count,
        }


if __name__ == "__main__":
    sys.exit(service.main(Fcm))
