"""An HTTP proxy that knows CONNECT and one user, and counts what it is asked for.

    connect_proxy.py PORT     serves on loopback until it is stopped; prints a line of JSON when ready
"""

import asyncio
import base64
import collections
import json
import sys

USER = "columba"
PASSWORD = "p@ss:word"


class Proxy:
    def __init__(self):
        self.tunnels = collections.Counter()  # by target
        self.headers = collections.Counter()  # by name, over all requests
        self.denied_count = 0
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        self.authorization = "Basic " + token

    async def listen(self, port=0):
        server = await asyncio.start_server(self.serve, "127.0.0.1", port, backlog=1024)
        return server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        try:
            await self.tunnel(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # One of the two sides has gone.
        writer.close()

    async def tunnel(self, reader, writer):
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target = lines[0].split(" ")[:2]
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:] if line)}
        self.headers.update(headers.keys())
        if method != "CONNECT" or headers.get("proxy-authorization") != self.authorization:
            self.denied_count += 1
            writer.write(b"HTTP/1.1 407 Denied\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")
            return
        self.tunnels[target] += 1
        host, port = target.rsplit(":", 1)
        try:
            far_reader, far_writer = await asyncio.open_connection(host.strip("[]"), int(port))
        except OSError:
            writer.write(b"HTTP/1.1 502 Away\r\nContent-Length: 0\r\n\r\n")
            return
        # A header that must not be taken for the provider's.
        writer.write(b"HTTP/1.1 200 Connected\r\nRetry-After: 99\r\n\r\n")
        await asyncio.gather(self.pour(reader, far_writer), self.pour(far_reader, writer))

    @staticmethod
    async def pour(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()


async def main():
    port = await Proxy().listen(int(sys.argv[1]))
    print(json.dumps({"port": port}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
