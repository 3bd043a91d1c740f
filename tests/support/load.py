"""Many homeservers at once: kept connections, one request at a time on each, in a thread."""

import asyncio
import threading
import time
from dataclasses import dataclass

from support.http_client import NOTIFY
from support.processes import Failure

FAILURE_PAUSE_S = 0.2  # of a load that pauses: nobody calls a closed port in a tight loop


@dataclass
class Result:
    """What became of one request: a status, or the words for why there is none."""

    name: str
    status: int
    failure: str
    seconds: float
    body: bytes = b""


class Load:
    """requests gives (name, body) until it ends. choose gives the port for a new connection, and
    answered, if there is one, gets each result. pause_s is what a connection waits between two, and
    stagger_s what the load waits before it opens one more."""

    def __init__(self, choose, connection_count, requests, timeout_s=60, pause_s=0, stagger_s=0,
                 answered=None):
        self.choose = choose
        self.connection_count = connection_count
        self.requests = iter(requests)
        self.timeout_s = timeout_s
        self.pause_s = pause_s
        self.stagger_s = stagger_s
        self.answered = answered
        self.results = []
        self.stopping = False
        self.fault = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def answer_count(self):
        """So far. What went wrong with the load itself is raised here."""
        if self.fault is not None:
            raise self.fault
        return len(self.results)

    def stop(self):
        """Begins no more requests; gives the results when the last is answered."""
        self.stopping = True
        return self.join()

    def join(self, timeout_s=120):
        """Until every request is answered, or failed."""
        self.thread.join(timeout_s)
        if self.thread.is_alive():
            raise Failure(f"stalled: {len(self.results)} answers after {timeout_s} s")
        if self.fault is not None:
            raise self.fault
        return self.results

    def _run(self):
        try:
            asyncio.run(self._all())
        except BaseException as fault:  # pylint: disable=broad-except
            self.fault = fault

    async def _all(self):
        await asyncio.gather(*(self._connection(at) for at in range(self.connection_count)))

    async def _connection(self, number):
        streams = None
        if self.stagger_s:
            await asyncio.sleep(number * self.stagger_s)
        while not self.stopping:
            request = next(self.requests, None)
            if request is None:
                break
            name, body = request
            started = time.monotonic()
            try:
                if streams is None:
                    streams = await asyncio.open_connection("127.0.0.1", self.choose())
                status, answer, keep = await asyncio.wait_for(
                    _exchange(*streams, body), self.timeout_s
                )
                failure = ""
            except (OSError, EOFError, asyncio.TimeoutError) as error:
                status, answer, keep = 0, b"", False
                failure = f"{'reused' if streams else 'new'} connection: {error!r}"
            result = Result(name, status, failure, time.monotonic() - started, answer)
            self.results.append(result)
            if self.answered is not None:
                self.answered(result)
            if self.pause_s:
                await asyncio.sleep(self.pause_s if not failure else FAILURE_PAUSE_S)
            if not keep and streams is not None:
                streams[1].close()
                streams = None
        if streams is not None:
            streams[1].close()


async def _exchange(reader, writer, body):
    """One notify call: status, body, and whether the connection stays."""
    writer.write(
        f"POST {NOTIFY} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    headers = dict(line.partition(": ")[::2] for line in head[1:] if line)
    answer = await reader.readexactly(int(headers["content-length"]))
    return int(head[0].split(" ")[1]), answer, headers.get("connection") != "close"


def failures(results, status=200):
    """The results that are not what every one should be."""
    return [result for result in results if result.failure or result.status != status]
