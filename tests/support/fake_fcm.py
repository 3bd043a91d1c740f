"""The fake FCM as a process: started, told what to answer, asked what it got."""

import json
import socket
import subprocess
from pathlib import Path

from support.processes import Process, free_port, wait_until

PROGRAM = Path(__file__).parent / "fakes/fcm.py"


class FakeFcm:
    def __init__(self, directory):
        self.directory = directory
        self.port = free_port()
        self.process = None
        self.ready = None
        self.lines = []
        self.read_bytes = 0

    def start(self):
        """On the same port, with the same keys, however often."""
        self.process = Process(
            "fcm",
            ["/usr/bin/python3", PROGRAM, "--dir", self.directory, "--port", self.port],
            self.directory / "fcm.log",
            output=subprocess.PIPE,
        )
        self.ready = self.process.first_line()
        return self

    @property
    def url(self):
        return self.ready["url"]

    def app(self, **options):
        """An app of the configuration that is served here."""
        return {
            "type": "fcm",
            "api_version": "v1",
            "project_id": self.ready["project_id"],
            "service_account_file": self.ready["service_account_file"],
            "base_url": self.url,
            "ca_file": self.ready["ca_file"],
            **options,
        }

    def control(self, **command):
        """Changes how it answers; gives its counts. fakes/fcm.py says what there is."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(self.directory / "control.sock"))
            connection.sendall(json.dumps(command).encode() + b"\n")
            with connection.makefile() as lines:
                answer = json.loads(lines.readline())
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer

    def stats(self):
        return self.control(stats=True)

    def received(self, token=None):
        """What it was asked to send, to one token or to all, in order."""
        with open(self.directory / "received.jsonl", "rb") as file:
            file.seek(self.read_bytes)
            fresh = file.read()
        fresh = fresh[: fresh.rfind(b"\n") + 1]
        self.read_bytes += len(fresh)
        self.lines += [json.loads(line) for line in fresh.splitlines()]
        return [line for line in self.lines if token is None or target(line) == token]

    def delivered(self, token=None):
        return [line for line in self.received(token) if line["status"] == 200]

    def wait_for(self, token, count=1, timeout_s=20, delivered=True):
        """Until that many messages to the token came; what came."""
        read = self.delivered if delivered else self.received
        return wait_until(
            f"{count} messages to {token} at the provider",
            lambda: len(found := read(token)) >= count and found,
            timeout_s,
            [self.process],
        )

    def stop(self):
        if self.process is not None:
            self.process.stop(10)
            self.process = None


def target(line):
    """The token or installation id that a recorded message was for."""
    return line.get("token") or line.get("fid")
