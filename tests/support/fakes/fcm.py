#!/usr/bin/python3
"""A fake of Firebase Cloud Messaging (HTTP v1) and of the token endpoint beside it.

    fcm.py --dir DIR [--port P] [--token-lifetime SECONDS]

Speaks HTTP/2 over TLS on loopback. Writes into DIR what a gateway needs to reach it (ca.pem,
service-account.json) and a line of JSON for each message it was asked to send (received.jsonl).
Prints one line of JSON when it is ready, ends on SIGTERM.

How it answers is told by the beginning of the token; the table ANSWERS below lists them. A
connection to DIR/control.sock takes one JSON object a line and answers with one:
    {"answer": "internal"}    every message gets this answer from now on; null: by its token again
    {"tokens": "refuse"}      the token endpoint answers 400 invalid_grant; "grant" undoes it,
                              "html" is a proxy's page instead
    {"token_lifetime": 30}    of tokens from now on, in seconds
    {"revoke": true}          every bearer token is stale from now on
    {"revive": "dead-1"}      this token succeeds from now on
    {"stats": true}           changes nothing
The answer holds the counts of messages, mints, refused assertions and connections.
"""

import argparse
import asyncio
import collections
import json
import os
import re
import signal
import sys
import time

import certificates
import fcm_message
from fcm_message import error
from google_oauth import TokenEndpoint, write_service_account
from http2 import Answer, Server

PROJECT = "demo"
SEND_PATH = f"/v1/projects/{PROJECT}/messages:send"
HTML = (("content-type", "text/html; charset=UTF-8"),)
STALE_TOKEN = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie "
    "or other valid authentication credential."
)


def _html(status, title):
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status, page.encode(), HTML)


def _retry_after(number, default):
    return (("retry-after", str(number or default)),) if number or default else ()


def _quota(number):
    violation = {"subject": f"project:{PROJECT}", "description": "Messages sent per minute"}
    return error(
        429,
        "RESOURCE_EXHAUSTED",
        "Quota exceeded for quota metric 'Messages sent' of service 'fcm.googleapis.com'.",
        "QUOTA_EXCEEDED",
        [{"@type": fcm_message.QUOTA_FAILURE, "violations": [violation]}],
        _retry_after(number, 2),
    )


def _unavailable(number):
    message = "The service is currently unavailable."
    return error(503, "UNAVAILABLE", message, "UNAVAILABLE", (), _retry_after(number, 0))


def _unauthenticated(_number=0):
    return error(401, "UNAUTHENTICATED", STALE_TOKEN)


# name: (how often this token is answered so before it succeeds, the answer). The name may be
# followed by a number: seconds for Retry-After, milliseconds for slow, times for flaky.
ALWAYS = 1 << 30
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
    "html502": (ALWAYS, lambda n: _html(502, "Bad Gateway")),
    "html404": (ALWAYS, lambda n: _html(404, "Not Found")),
    "hang": (ALWAYS, lambda n: Answer(action="hang")),
    "reset": (ALWAYS, lambda n: Answer(action="reset")),
    "unauth": (1, _unauthenticated),
    "refuse": (1, lambda n: Answer(action="refuse")),
    "goaway": (1, lambda n: Answer(action="goaway")),
    "flaky": (None, lambda n: _unavailable(0)),
    "slow": (0, None),
}
SCRIPTED = re.compile("^(" + "|".join(sorted(ANSWERS, key=len, reverse=True)) + r")(\d*)")


class Fcm:
    def __init__(self, directory, tokens):
        self.tokens = tokens
        self.log = open(os.path.join(directory, "received.jsonl"), "a", encoding="utf-8")
        self.seen_counts = collections.Counter()
        self.message_count = 0
        self.forced_answer = None
        self.revived = set()
        self.token_mode = "grant"

    def handle(self, request):
        if request.method != "POST":
            return error(404, "NOT_FOUND", "Method not found.")
        if request.path == "/token":
            return self.answer_token(request)
        if request.path != SEND_PATH:
            if request.path.startswith("/v1/projects/"):
                return error(403, "PERMISSION_DENIED", "Permission denied on resource project.")
            return _html(404, "Error 404 (Not Found)!!1")
        kind, target, answer = self.answer_message(request)
        self.record(request, kind, target, answer)
        return answer

    def answer_token(self, request):
        if self.token_mode == "html":
            return _html(502, "Bad Gateway")
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

    def scripted(self, target):
        script = SCRIPTED.match(self.forced_answer or target)
        if script is None or target in self.revived:
            return self.success()
        name, number = script.group(1), int(script.group(2) or 0)
        times, make = ANSWERS[name]
        if name == "slow":
            answer = self.success()
            answer.delay_s = number / 1000
            return answer
        self.seen_counts[target] += 1
        if self.forced_answer is None and self.seen_counts[target] > (
            number if times is None else times
        ):
            return self.success()
        return make(number)

    def success(self):
        name = f"projects/{PROJECT}/messages/0:{time.time_ns() // 1000}%{self.message_count:x}"
        return Answer(200, b'{\n  "name": "%s"\n}\n' % name.encode())

    def record(self, request, kind, target, answer):
        self.message_count += 1
        text = bytes(request.body).decode("utf-8", "replace")
        try:
            body = json.loads(text)
        except ValueError:
            body = text
        line = {
            "time": time.time(),
            "status": answer.status if answer.action == "answer" else 0,
            "action": answer.action,
            "headers": request.headers,
            "body": body,
        }
        if kind:
            line[kind] = target
        self.log.write(json.dumps(line, ensure_ascii=False) + "\n")
        self.log.flush()

    def control(self, command):
        if "answer" in command:
            if command["answer"] is not None and not SCRIPTED.match(command["answer"]):
                raise ValueError("no such answer: " + str(command["answer"]))
            self.forced_answer = command["answer"]
        if "tokens" in command:
            self.token_mode = command["tokens"]
        if "token_lifetime" in command:
            self.tokens.lifetime_s = int(command["token_lifetime"])
        if "revive" in command:
            self.revived.add(command["revive"])
        if command.get("revoke"):
            self.tokens.revoke_all()


async def _serve_control(fcm, server, reader, writer):
    while line := await reader.readline():
        try:
            fcm.control(json.loads(line))
            answer = {
                "messages": fcm.message_count,
                "mints": fcm.tokens.mint_count,
                "refused": fcm.tokens.refused_count,
                "connections": server.connection_count,
            }
        except (ValueError, TypeError, AttributeError) as fault:
            answer = {"error": str(fault)}
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
    writer.close()


async def run(arguments):
    os.makedirs(arguments.dir, exist_ok=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    context = certificates.server_context(arguments.dir)
    server = Server(None, context, arguments.streams)
    await server.listen(arguments.port)
    url = f"https://localhost:{server.port}"
    account = write_service_account(arguments.dir, PROJECT, url + "/token")
    fcm = Fcm(arguments.dir, TokenEndpoint(account, arguments.token_lifetime))
    server.handle = fcm.handle

    control_path = os.path.join(arguments.dir, "control.sock")
    if os.path.exists(control_path):
        os.unlink(control_path)
    control = await asyncio.start_unix_server(
        lambda reader, writer: _serve_control(fcm, server, reader, writer), control_path
    )
    ready = {
        "url": url,
        "port": server.port,
        "project_id": PROJECT,
        "ca_file": os.path.abspath(os.path.join(arguments.dir, "ca.pem")),
        "service_account_file": os.path.abspath(
            os.path.join(arguments.dir, "service-account.json")
        ),
    }
    print(json.dumps(ready), flush=True)

    await stop.wait()
    control.close()
    server.close()
    await asyncio.sleep(0)
    fcm.log.close()


def main():
    parser = argparse.ArgumentParser(description="A fake FCM on loopback.")
    parser.add_argument("--dir", required=True, help="where its files go")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--token-lifetime", type=int, default=3600, help="in seconds")
    parser.add_argument("--streams", type=int, default=1000, help="at once, a connection")
    asyncio.run(run(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
