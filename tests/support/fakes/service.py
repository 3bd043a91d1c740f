"""What all fakes of providers share: scripted answers, what they received, the control socket.

Each writes into --dir what a gateway needs to reach it and a line of JSON for each message it was
asked to send (received.jsonl), prints one line of JSON when it is ready, and ends on SIGTERM.

A connection to DIR/control.sock takes one JSON object a line and answers with one, the counts:
    {"answer": "internal"}    every message gets this answer from now on; null: by its token again
    {"sometimes": ["reset"], "share": 0.3}
                              so many of the messages get one of these answers; [] ends it
    {"revive": "dead-1"}      this token succeeds from now on
    {"goaway_every": 5}       a connection ends with GOAWAY after so many requests; 0: none does
    {"tls": "expired"}        connections from now on are shown this certificate (certificates.py says
                              which there are), and open ones end; "server" is the good one
    {"stats": true}           changes nothing
Each fake says what else it understands.
"""

import argparse
import asyncio
import collections
import json
import os
import random
import re
import signal
import time

import certificates
from http2 import Answer, Server
from socket_path import short_path

ALWAYS = 1 << 30
HTML = (("content-type", "text/html; charset=UTF-8"),)


def html(status, title):
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status, page.encode(), HTML)


def retry_after(number, default=0):
    return (("retry-after", str(number or default)),) if number or default else ()


# What becomes of a request whoever the provider is. name: (how often a token that begins with it is
# answered so before it succeeds; None is as often as the number behind it says, the answer to that
# number).
COMMON_ANSWERS = {
    "html502": (ALWAYS, lambda n: html(502, "Bad Gateway")),
    "html404": (ALWAYS, lambda n: html(404, "Not Found")),
    "empty": (ALWAYS, lambda n: Answer(500, b"")),
    "hang": (ALWAYS, lambda n: Answer(action="hang")),
    "reset": (ALWAYS, lambda n: Answer(action="reset")),
    "half": (ALWAYS, lambda n: Answer(action="half")),
    "drop": (ALWAYS, lambda n: Answer(action="drop")),
    "refuse": (1, lambda n: Answer(action="refuse")),
    "goaway": (1, lambda n: Answer(action="goaway")),
}


class Service:
    """A fake: subclasses have a NAME, ANSWERS, handle(request), success() and what they add to
    control and stats. The name of an answer may be followed by a number."""

    NAME = "service"
    ANSWERS = {}

    def __init__(self, directory, server):
        self.directory = directory
        self.server = server
        self.answers = {**COMMON_ANSWERS, **self.ANSWERS}
        names = sorted(self.answers, key=len, reverse=True)
        self.script = re.compile("^(" + "|".join(names) + r")(\d*)")
        self.log = open(os.path.join(directory, "received.jsonl"), "a", encoding="utf-8")
        self.seen_counts = collections.Counter()
        self.message_count = 0
        self.forced_answer = None
        self.sometimes = []
        self.share = 0
        self.revived = set()

    @staticmethod
    def add_arguments(parser):
        """Of the command line, beside those that all have."""

    @staticmethod
    def context(arguments):
        """Of TLS."""
        return certificates.server_context(arguments.dir)

    @staticmethod
    def addresses(_arguments):
        """Of loopback, where it listens."""
        return ("127.0.0.1",)

    def handle(self, request):
        raise NotImplementedError

    def success(self):
        raise NotImplementedError

    def ready(self):
        """What a gateway has to know, beside the URL."""
        return {}

    def path(self, name):
        return os.path.abspath(os.path.join(self.directory, name))

    def scripted(self, target):
        if self.sometimes and random.random() < self.share:
            return self.made(random.choice(self.sometimes))
        script = self.script.match(self.forced_answer or target)
        if script is None or target in self.revived:
            return self.success()
        name, number = script.group(1), int(script.group(2) or 0)
        times, make = self.answers[name]
        self.seen_counts[target] += 1
        if self.forced_answer is None and self.seen_counts[target] > (
            number if times is None else times
        ):
            return self.success()
        return make(number)

    def made(self, answer):
        """By its name and number, whoever it is for."""
        name, number = self.script.match(answer).groups()
        return self.answers[name][1](int(number or 0))

    def record(self, request, answer, **found):
        """found is what the fake made of the request; what it is addressed by is among it."""
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
            **found,
        }
        self.log.write(json.dumps(line, ensure_ascii=False) + "\n")
        self.log.flush()

    def control(self, command):
        if "answer" in command:
            if command["answer"] is not None and not self.script.match(command["answer"]):
                raise ValueError("no such answer: " + str(command["answer"]))
            self.forced_answer = command["answer"]
        if "sometimes" in command:
            self.sometimes = command["sometimes"]
            self.share = command.get("share", 0)
        if "revive" in command:
            self.revived.add(command["revive"])
        if "goaway_every" in command:
            self.server.goaway_every = int(command["goaway_every"])
        if "tls" in command:
            certificates.show(self.server.context, self.directory, command["tls"])
            for connection in list(self.server.connections):
                connection.transport.abort()

    def stats(self):
        return {
            "messages": self.message_count,
            "connections": self.server.connection_count,
            "refused_streams": self.server.refused_stream_count,
        }


async def _serve_control(service, reader, writer):
    while line := await reader.readline():
        try:
            service.control(json.loads(line))
            answer = service.stats()
        except (ValueError, TypeError, AttributeError) as fault:
            answer = {"error": str(fault)}
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
    writer.close()


async def _run(kind, arguments):
    os.makedirs(arguments.dir, exist_ok=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    server = Server(None, kind.context(arguments), arguments.streams)
    await server.listen(arguments.port, kind.addresses(arguments))
    service = kind(arguments, server)
    server.handle = service.handle

    control_path = service.path("control.sock")
    if os.path.exists(control_path):
        os.unlink(control_path)
    with short_path(os.path.dirname(control_path)) as directory:
        control = await asyncio.start_unix_server(
            lambda reader, writer: _serve_control(service, reader, writer), f"{directory}/control.sock"
        )
    ready = {
        "url": server.url,
        "port": server.port,
        "ca_file": service.path("ca.pem"),
        **service.ready(),
    }
    print(json.dumps(ready), flush=True)

    await stop.wait()
    control.close()
    server.close()
    await asyncio.sleep(0)
    service.log.close()


def main(kind):
    parser = argparse.ArgumentParser(description=f"A fake {kind.NAME} on loopback.")
    parser.add_argument("--dir", required=True, help="where its files go")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--streams", type=int, default=1000, help="at once, a connection")
    kind.add_arguments(parser)
    asyncio.run(_run(kind, parser.parse_args()))
    return 0
