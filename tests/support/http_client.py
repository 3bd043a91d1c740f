"""HTTP/1.1 as homeservers speak it: one kept connection, one request at a time."""

import http.client
import json
import socket
from dataclasses import dataclass

NOTIFY = "/_matrix/push/v1/notify"


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def rejected(self):
        """Of a 200: the list of pushkeys, and nothing else is taken for it."""
        assert self.status == 200, f"{self.status}: {self.body[:300]}"
        assert self.headers["content-type"] == "application/json", self.headers
        answer = self.json()
        assert isinstance(answer["rejected"], list), answer
        return answer["rejected"]

    @property
    def errcode(self):
        """Of a Matrix error: its code."""
        assert self.headers["content-type"] == "application/json", self.headers
        answer = self.json()
        assert isinstance(answer["error"], str) and answer["error"], answer
        return answer["errcode"]


class Client:
    def __init__(self, port, timeout_s=60, host="127.0.0.1"):
        self.port = port
        self.connection = http.client.HTTPConnection(host, port, timeout=timeout_s)

    def request(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, answer.read())

    def get(self, path):
        return self.request("GET", path)

    def notify(self, body):
        """A body as bytes, or as what becomes JSON."""
        if not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return self.request("POST", NOTIFY, body, {"Content-Type": "application/json"})

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def get(port, path, timeout_s=10):
    """One GET over a connection of its own."""
    with Client(port, timeout_s) as client:
        return client.get(path)


def raw(port, data, timeout_s=20):
    """Sends bytes as they are, and reads until the other side closes or is silent."""
    with socket.create_connection(("127.0.0.1", port), timeout_s) as connection:
        connection.sendall(data)
        received = b""
        try:
            while part := connection.recv(65536):
                received += part
        except (TimeoutError, ConnectionResetError):
            pass
        return received
