"""A fake provider as a process: started, told what to answer, asked what it got."""

import json
import socket
import subprocess
from pathlib import Path

from certificates import HOSTS
from signed_token import base64url
from socket_path import short_path
from subscription import Subscription
from support.processes import Process, free_port, wait_until

FAKES = Path(__file__).parent / "fakes"


class FakeProvider:
    """Subclasses have the NAME of the program in fakes/, and app(), the app that is served there."""

    NAME = ""

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
            self.NAME,
            ["/usr/bin/python3", FAKES / f"{self.NAME}.py", *self.arguments()],
            self.directory / f"{self.NAME}.log",
            output=subprocess.PIPE,
        )
        self.ready = self.process.first_line()
        return self

    @property
    def url(self):
        return self.ready["url"]

    def arguments(self):
        return ["--dir", self.directory, "--port", self.port]

    def route(self):
        """What every app of the configuration needs to come here."""
        return {"base_url": self.url, "ca_file": self.ready["ca_file"]}

    def control(self, **command):
        """Changes how it answers; gives its counts. fakes/service.py says what there is."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            with short_path(self.directory) as directory:
                connection.connect(f"{directory}/control.sock")
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

    def forget(self):
        """What it received until now is not told again."""
        self.received()
        self.lines.clear()

    def delivered(self, token=None):
        return [line for line in self.received(token) if line["status"] in (200, 201)]

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


class FakeApns(FakeProvider):
    NAME = "apns"

    def app(self, **options):
        return {
            "type": "apns",
            "keyfile": self.ready["key_file"],
            "key_id": self.ready["key_id"],
            "team_id": self.ready["team_id"],
            "topic": self.ready["topic"],
            **self.route(),
            **options,
        }


class FakeApnsOfCertificates(FakeApns):
    """It asks for the certificate that is in its directory."""

    def arguments(self):
        return [*super().arguments(), "--certificates"]

    def app(self, file="client.pem", password=None, **options):
        app = {"type": "apns", "certfile": str(self.directory / file), **self.route(), **options}
        return app if password is None else app | {"certfile_password": password}


class FakeEndpoint(FakeProvider):
    """Both kinds of endpoints; they are on loopback, so that apps have to allow it."""

    NAME = "endpoint"

    def __init__(self, directory, host_count=0):
        super().__init__(directory)
        self.hosts = HOSTS[:host_count]

    def arguments(self):
        return [*super().arguments(), "--hosts", len(self.hosts)]

    def route(self):
        return {"ca_file": self.ready["ca_file"], "allow_networks": ["127.0.0.0/8"]}

    def webpush(self, **options):
        return {
            "type": "webpush",
            "vapid_private_key": self.ready["vapid_key_file"],
            "vapid_contact_email": "push@columba.example",
            **self.route(),
            **options,
        }

    def unifiedpush(self, **options):
        return {"type": "unifiedpush", **self.route(), **options}

    def subscription(self, name, host="localhost", **data):
        """The pushkey and data of a browser that subscribed here."""
        made = Subscription(name)
        endpoint = f"https://{host}:{self.port}/wp/{name}"
        return made.p256dh, {"endpoint": endpoint, "auth": base64url(made.auth), **data}

    def address(self, name, host="localhost"):
        """The pushkey of a UnifiedPush client here."""
        return f"https://{host}:{self.port}/up/{name}"


class FakeHms(FakeProvider):
    NAME = "hms"

    def app(self, **options):
        ready = self.ready
        return {
            "type": "hms",
            "client_id": ready["client_id"],
            "client_secret": ready["client_secret"],
            "token_url": ready["token_url"],
            **self.route(),
            **options,
        }
