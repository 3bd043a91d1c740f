#!/usr/bin/python3
"""A fake of Huawei's Push Kit and of the token endpoint beside it.

    hms.py --dir DIR [--port P] [--token-lifetime SECONDS]

Speaks HTTP/2 over TLS on loopback. How it answers is told by the beginning of the token; the table
ANSWERS below lists them, service.py those of every fake. What it understands beside that:
    {"tokens": "refuse"}      the token endpoint answers 400; "grant" undoes it
    {"revoke": true}          every bearer token is stale from now on
The answer holds the counts of mints and refused requests for tokens too.
"""

import json
import sys
import urllib.parse

import service
from bearer_tokens import BearerTokens
from http2 import Answer
from service import ALWAYS, html, retry_after

CLIENT_ID = "104512345"
CLIENT_SECRET = "a+secret/with=odd&letters"
TOKEN_PATH = "/oauth2/v3/token"
SEND_PATH = f"/v1/{CLIENT_ID}/messages:send"
BODY_BYTES = 4096
ANDROID_FIELDS = {"urgency", "ttl", "category", "collapse_key", "bi_tag", "data"}
URGENCIES = ("HIGH", "NORMAL")


class Refused(Exception):
    def __init__(self, code, message, status=200):
        super().__init__(message)
        self.answer = result(code, message, status)


def result(code, message, status=200, headers=()):
    body = {"code": str(code), "msg": message, "requestId": "160000000000000000000100"}
    return Answer(status, json.dumps(body).encode(), (("content-type", "application/json"), *headers))


def _partial(*illegal):
    words = {"success": 0, "failure": len(illegal), "illegal_tokens": list(illegal)}
    return result(80100000, json.dumps(words))


# The number behind a name is seconds for Retry-After, times for flaky.
ANSWERS = {
    "allinvalid": (ALWAYS, lambda n: result(80300007, "All the tokens are invalid")),
    "partial": (ALWAYS, lambda n: _partial("somebody-else")),
    "expired": (ALWAYS, lambda n: result(80200003, "OAuth token expired")),
    "oauth": (ALWAYS, lambda n: result(80200001, "OAuth authentication error")),
    "denied": (ALWAYS, lambda n: result(80300002, "Current app is not authorized")),
    "highdenied": (ALWAYS, lambda n: result(80600003, "Request for high urgency denied")),
    "badfield": (ALWAYS, lambda n: result(80100004, "Incorrect message structure")),
    "system": (ALWAYS, lambda n: result(81000001, "System error")),
    "internal": (ALWAYS, lambda n: html(500, "Internal Server Error")),
    "unavailable": (ALWAYS, lambda n: result(81000001, "Flow control", 503, retry_after(n))),
    "unauth": (1, lambda n: result(80200003, "OAuth token expired")),
    "flaky": (None, lambda n: html(502, "Bad Gateway")),
}


class Hms(service.Service):
    NAME = "HMS"
    ANSWERS = ANSWERS

    def __init__(self, arguments, server):
        super().__init__(arguments.dir, server)
        self.tokens = BearerTokens("DAEB", arguments.token_lifetime)
        self.token_mode = "grant"
        self.client_secret = CLIENT_SECRET

    @staticmethod
    def add_arguments(parser):
        parser.add_argument("--token-lifetime", type=int, default=3600, help="in seconds")

    def ready(self):
        return {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "token_url": self.server.url + TOKEN_PATH,
        }

    def handle(self, request):
        if request.method == "POST" and request.path == TOKEN_PATH:
            return self.answer_token(request)
        if request.method != "POST" or request.path != SEND_PATH:
            return html(404, "Not Found")
        found = {}
        try:
            answer = self.answer_message(request, found)
        except Refused as refused:
            answer = refused.answer
        self.record(request, answer, **found)
        return answer

    def answer_token(self, request):
        form = dict(urllib.parse.parse_qsl(bytes(request.body).decode("ascii", "replace")))
        wanted = {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": self.client_secret,
        }
        is_form = request.headers.get("content-type") == "application/x-www-form-urlencoded"
        if self.token_mode == "refuse" or not is_form or form != wanted:
            self.tokens.refused_count += 1
            body = {"error": 1101, "sub_error": 20001, "error_description": "invalid client"}
            return Answer(400, json.dumps(body).encode())
        return Answer(200, json.dumps(self.tokens.hand_out()).encode())

    def answer_message(self, request, found):
        if not self.tokens.accepts(request.headers.get("authorization", "")):
            raise Refused(80200003, "OAuth token expired")
        found["token"] = check_message(bytes(request.body))
        if found["token"].startswith("dead") and found["token"] not in self.revived:
            return _partial(found["token"])
        return self.scripted(found["token"])

    def success(self):
        return result(80000000, "Success")

    def control(self, command):
        super().control(command)
        if "tokens" in command:
            self.token_mode = command["tokens"]
        if "secret" in command:
            self.client_secret = command["secret"]
        if command.get("revoke"):
            self.tokens.revoke_all()

    def stats(self):
        return super().stats() | {
            "mints": self.tokens.mint_count,
            "refused": self.tokens.refused_count,
        }


def check_message(body):
    """The token that a data message is for."""
    if len(body) > BODY_BYTES:
        raise Refused(80300008, "The message body size exceeds the default value")
    try:
        message = json.loads(body)["message"]
        tokens, android = message["token"], message.get("android", {})
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Refused(80100001, "Some request parameters are incorrect", 400) from None
    if not isinstance(message.get("data"), str) or set(message) - {"data", "android", "token"}:
        raise Refused(80100004, "Incorrect message structure", 400)
    if not isinstance(tokens, list) or len(tokens) != 1 or not isinstance(tokens[0], str):
        raise Refused(80100003, "The number of tokens must be 1", 400)
    if set(android) - ANDROID_FIELDS or android.get("urgency", "NORMAL") not in URGENCIES:
        raise Refused(80100004, "Incorrect message structure", 400)
    ttl = android.get("ttl", "86400s")
    if not isinstance(ttl, str) or not ttl.endswith("s") or not ttl[:-1].isdecimal():
        raise Refused(80100013, "Incorrect TTL", 400)
    return tokens[0]


if __name__ == "__main__":
    sys.exit(service.main(Hms))
