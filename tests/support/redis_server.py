"""A redis-server of its own: memory only, on a free port."""

import socket

from support.processes import Process, free_port, is_listening, wait_until


class RedisServer:
    def __init__(self, directory, port=None):
        self.directory = directory
        self.port = port or free_port()
        self.process = None

    def start(self):
        self.process = Process(
            "redis-server",
            ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--save", ""],
            self.directory / "redis.log",
        )
        wait_until("redis-server answers", self.answers, 10, [self.process])
        return self

    def answers(self):
        return is_listening(self.port) and self.command("PING") == "PONG"

    def command(self, *words):
        """One command, over a connection of its own; the reply as text, int, None or list."""
        return self._ask(words)[0]

    def told(self, password, *words):
        """The same of a server that wants a password."""
        return self._ask(("AUTH", password), words)[1]

    def _ask(self, *commands):
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            connection.sendall(b"".join(map(_request, commands)))
            with connection.makefile("rb") as replies:
                return [_read_reply(replies) for _ in commands]

    def keys(self, pattern="*"):
        return sorted(self.command("KEYS", pattern))

    def info(self, section):
        """What it says of itself, by name."""
        lines = self.command("INFO", section).splitlines()
        return dict(line.partition(":")[::2] for line in lines if ":" in line)

    def freeze(self):
        self.process.freeze()

    def thaw(self):
        self.process.thaw()

    def stop(self):
        if self.process is not None:
            self.process.stop(10)


def _request(words):
    request = b"*%d\r\n" % len(words)
    for word in words:
        data = str(word).encode()
        request += b"$%d\r\n%s\r\n" % (len(data), data)
    return request


def _read_reply(replies):
    line = replies.readline().rstrip(b"\r\n")
    kind, rest = line[:1], line[1:].decode()
    if kind == b"-":
        raise ValueError(rest)
    if kind == b":":
        return int(rest)
    if kind == b"$":
        if rest == "-1":
            return None
        return replies.read(int(rest) + 2)[:-2].decode(errors="replace")
    if kind == b"*":
        return [_read_reply(replies) for _ in range(int(rest))]
    return rest
