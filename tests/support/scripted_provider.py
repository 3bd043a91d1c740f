"""A provider that does as the path of each request says, for the sender's tests.

Prints one line, "<https port> <http port> <port that asks who is there> <port that takes one stream
until its first answer> <proxy's port> <directory>", and serves until its standard input ends. The
directory has ca.pem, and the certificates of two clients, alice and bob.
"""

import asyncio
import collections
import json
import ssl
import sys
import tempfile

import connect_proxy
from fakes import certificates, http2

CLIENT_PASSWORD = b"open sesame"
DATE = "Sun, 23 Nov 2025 08:00:00 GMT"


class Connection(http2.Connection):
    def act_close(self, _stream_id, _answer):
        self.transport.close()

    def act_interim(self, stream_id, answer):
        self.h2.send_headers(stream_id, [(":status", "103"), ("retry-after", "99")])
        self.act_answer(stream_id, answer)

    def act_who(self, stream_id, answer):
        client = self.transport.get_extra_info("peercert")
        answer.body = dict(pair for [pair] in client["subject"])["commonName"].encode()
        self.act_answer(stream_id, answer)

    ACTIONS = http2.Connection.ACTIONS | {
        "close": act_close,
        "interim": act_interim,
        "who": act_who,
    }


class Script:
    """Paths are /<action>/<argument>."""

    def __init__(self):
        self.counts = collections.Counter()
        self.http2 = http2.Server(self.handle, None)
        self.strict = http2.Server(self.handle_strictly, None, 1, distance_s=0.02)
        self.proxy = connect_proxy.Proxy()

    def handle(self, request):
        action, argument = (request.path[1:].split("/") + [""])[:2]
        self.counts[request.path] += 1
        return getattr(self, "on_" + action, self.on_plain)(request, action, argument)

    def handle_strictly(self, request):
        answer = self.handle(request)
        if request.connection.stream_limit == 1:
            answer.delay_s = max(answer.delay_s, 0.05)
        answer.streams = 20
        return answer

    def on_status(self, _request, _action, argument):
        headers = (("retry-after", "7"), ("date", DATE))
        return http2.Answer(int(argument), b'{"error":{}}', headers)

    def on_redirect(self, _request, _action, _argument):
        return http2.Answer(307, headers=(("location", "/ok/trap"),))

    def on_slow(self, _request, _action, argument):
        return http2.Answer(body=b"late", delay_s=int(argument) / 1000)

    def on_html(self, _request, _action, _argument):
        headers = (("content-type", "text/html"),)
        return http2.Answer(502, b"<html>Bad Gateway</html>", headers)

    def on_size(self, _request, _action, argument):
        return http2.Answer(body=b"x" * int(argument))

    def on_headers(self, request, _action, _argument):
        return http2.Answer(body=json.dumps(request.headers).encode())

    def on_echo(self, request, _action, _argument):
        return http2.Answer(body=bytes(request.body))

    def on_stats(self, _request, _action, _argument):
        stats = {
            "connections": self.http2.connection_count,
            "strict_connections": self.strict.connection_count,
            "refused_streams": self.strict.refused_stream_count,
            "requests": self.counts,
            "tunnels": self.proxy.tunnels,
            "denied_tunnels": self.proxy.denied_count,
            "proxy_headers": self.proxy.headers,
        }
        return http2.Answer(body=json.dumps(stats).encode())

    def on_both(self, request, _action, argument):
        """Says nothing to the first of two; then does that with the connection of both."""
        is_second = self.counts[request.path] % 2 == 0
        return http2.Answer(action=argument if is_second else "hang")

    def on_plain(self, _request, action, argument):
        return http2.Answer(
            status=int(argument) if argument.isdecimal() else 200,
            body=b"ok",
            action=action if action in Connection.ACTIONS else "answer",
        )

    async def serve_http1(self, reader, writer):
        """The same paths over HTTP/1.1 in the clear; what is no answer closes the connection."""
        try:
            while await self.exchange_http1(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # The client has gone.
        writer.close()

    async def exchange_http1(self, reader, writer):
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        request = http2.Request({":path": lines[0].split(" ")[1]} | headers)
        request.body += await reader.readexactly(int(headers["content-length"]))
        answer = self.handle(request)
        if answer.action == "hang":
            await reader.read()
        if answer.action != "answer":
            return False
        await asyncio.sleep(answer.delay_s)
        head = [f"HTTP/1.1 {answer.status} Said", f"Content-Length: {len(answer.body)}"]
        head += [f"{name.title()}:{value}" for name, value in answer.headers]
        writer.write("\r\n".join(head + ["", ""]).encode() + answer.body)
        return True


async def main():
    with tempfile.TemporaryDirectory() as directory:
        script = Script()
        context = certificates.server_context(directory)
        loop = asyncio.get_running_loop()
        tls = await loop.create_server(
            lambda: Connection(script.http2), "127.0.0.1", 0, ssl=context, backlog=1024
        )
        port = tls.sockets[0].getsockname()[1]
        # An address of the loopback that the certificate does not name.
        await loop.create_server(
            lambda: Connection(script.http2), "127.0.0.2", port, ssl=context, backlog=1024
        )
        clear = await asyncio.start_server(script.serve_http1, "127.0.0.1", 0, backlog=1024)
        known = certificates.server_context(directory)
        known.verify_mode = ssl.CERT_REQUIRED
        for name in ("alice", "bob"):
            client = certificates.write_client(directory, name, CLIENT_PASSWORD)
            known.load_verify_locations(cadata=client)
        asking = await loop.create_server(
            lambda: Connection(script.http2), "127.0.0.1", 0, ssl=known, backlog=1024
        )
        strict = await loop.create_server(
            lambda: Connection(script.strict), "127.0.0.1", 0, ssl=context, backlog=1024
        )
        servers = (tls, clear, asking, strict)
        ports = [server.sockets[0].getsockname()[1] for server in servers]
        print(*ports, await script.proxy.listen(), directory, flush=True)
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
