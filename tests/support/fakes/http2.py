"""A small HTTP/2 server on asyncio: one call for each request, answers written together."""

import asyncio
import socket
import struct
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

WINDOW_BYTES = 1 << 20
BODY_LIMIT_BYTES = 1 << 18
MOST_STREAMS = 100000


@dataclass
class Request:
    headers: dict
    body: bytearray = field(default_factory=bytearray)
    connection: object = None

    @property
    def method(self):
        return self.headers.get(":method", "")

    @property
    def path(self):
        return self.headers.get(":path", "")


@dataclass
class Answer:
    """What becomes of a request. action: answer; hang; reset and refuse, of the stream; goaway, which
    has the body as its reason; half an answer, and drop, which both end the connection."""

    status: int = 200
    body: bytes = b""
    headers: tuple = (("content-type", "application/json; charset=UTF-8"),)
    delay_s: float = 0
    action: str = "answer"
    streams: int = 0  # the connection may have so many at once from this answer on; 0: as before


def reset_socket(transport):
    """Closes with a TCP RST instead of a FIN."""
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()


def _settings(stream_limit):
    return h2.settings.Settings(
        client=False,
        initial_values={
            h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: stream_limit,
            h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: WINDOW_BYTES,
            h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: 65536,
        },
    )


class Connection(asyncio.Protocol):
    def __init__(self, server):
        self.server = server
        self.loop = asyncio.get_running_loop()
        self.transport = None
        self.requests = {}
        self.flush_due = False
        self.consumed_bytes = 0
        self.pending_bodies = {}
        self.request_count = 0
        self.has_left = False
        self.stream_limit = server.stream_limit
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(
                client_side=False,
                header_encoding="utf-8",
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )

    def connection_made(self, transport):
        tls = transport.get_extra_info("ssl_object")
        if tls.selected_alpn_protocol() != "h2":
            transport.abort()
            return
        self.transport = transport
        self.server.connections.add(self)
        self.server.connection_count += 1
        self.h2.local_settings = _settings(self.stream_limit)
        self.h2.initiate_connection()
        # h2 would end the connection for a stream too many; on_request refuses only the stream.
        self.h2.local_settings = _settings(MOST_STREAMS)
        self.h2.increment_flow_control_window(WINDOW_BYTES)
        self.flush_due = True
        self.loop.call_later(self.server.distance_s, self.flush)

    def connection_lost(self, _error):
        self.server.connections.discard(self)
        self.transport = None

    def data_received(self, data):
        try:
            for event in self.h2.receive_data(data):
                handler = self.HANDLERS.get(type(event))
                if handler is not None:
                    handler(self, event)
        except h2.exceptions.ProtocolError:
            self.flush()
            self.close()
            return
        if self.consumed_bytes > WINDOW_BYTES // 2:
            self.h2.increment_flow_control_window(self.consumed_bytes)
            self.consumed_bytes = 0
        self.flush_soon()

    def allow_streams(self, count):
        """So many at once from now on."""
        if count != self.stream_limit:
            self.stream_limit = count
            self.h2.update_settings({h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: count})

    def on_request(self, event):
        if self.has_left:
            return
        if self.h2.open_inbound_streams > self.stream_limit:
            self.server.refused_stream_count += 1
            self.h2.reset_stream(event.stream_id, h2.errors.ErrorCodes.REFUSED_STREAM)
            return
        self.requests[event.stream_id] = Request(dict(event.headers), connection=self)

    def on_data(self, event):
        self.consumed_bytes += event.flow_controlled_length
        request = self.requests.get(event.stream_id)
        if request is None:
            return
        request.body += event.data
        if len(request.body) > BODY_LIMIT_BYTES:
            del self.requests[event.stream_id]
            self.h2.reset_stream(event.stream_id, h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)

    def on_end(self, event):
        request = self.requests.pop(event.stream_id, None)
        if request is None or self.has_left:
            return
        answer = self.server.handle(request)
        if answer.delay_s > 0:
            self.loop.call_later(answer.delay_s, self.carry_out, event.stream_id, answer)
        else:
            self.carry_out(event.stream_id, answer)
        self.request_count += 1
        if self.server.goaway_every and self.request_count >= self.server.goaway_every:
            self.leave(last_stream_id=event.stream_id)

    def on_reset(self, event):
        self.requests.pop(event.stream_id, None)
        self.pending_bodies.pop(event.stream_id, None)

    def on_window(self, _event):
        for stream_id in list(self.pending_bodies):
            self.send_body(stream_id, self.pending_bodies.pop(stream_id))

    def on_terminated(self, _event):
        self.flush()
        self.close()

    HANDLERS = {
        h2.events.RequestReceived: on_request,
        h2.events.DataReceived: on_data,
        h2.events.StreamEnded: on_end,
        h2.events.StreamReset: on_reset,
        h2.events.WindowUpdated: on_window,
        h2.events.ConnectionTerminated: on_terminated,
    }

    def carry_out(self, stream_id, answer):
        if self.transport is None:
            return
        if answer.streams:
            self.allow_streams(answer.streams)
        try:
            self.ACTIONS[answer.action](self, stream_id, answer)
        except (h2.exceptions.ProtocolError, KeyError):
            pass  # The client gave the stream up meanwhile.
        self.flush_soon()

    def act_answer(self, stream_id, answer):
        headers = [(":status", str(answer.status)), ("content-length", str(len(answer.body)))]
        self.h2.send_headers(stream_id, headers + list(answer.headers), end_stream=not answer.body)
        if answer.body:
            self.send_body(stream_id, answer.body)

    def act_hang(self, _stream_id, _answer):
        pass

    def act_reset(self, stream_id, _answer):
        self.h2.reset_stream(stream_id, h2.errors.ErrorCodes.INTERNAL_ERROR)

    def act_refuse(self, stream_id, _answer):
        self.h2.reset_stream(stream_id, h2.errors.ErrorCodes.REFUSED_STREAM)

    def act_goaway(self, stream_id, answer):
        """Says that this stream and all above it were not looked at."""
        self.leave(answer.body, max(stream_id - 2, 0))

    def leave(self, reason=b"", last_stream_id=None):
        """GOAWAY; without a last stream, all that came was looked at. What comes after it is not."""
        self.has_left = True
        self.h2.close_connection(last_stream_id=last_stream_id, additional_data=reason or None)
        self.flush()
        self.close()

    def act_drop(self, _stream_id, _answer):
        reset_socket(self.transport)

    def act_half(self, stream_id, answer):
        self.h2.send_headers(stream_id, [(":status", str(answer.status)), ("content-length", "99")])
        self.h2.send_data(stream_id, b"half a ")
        self.flush()
        self.transport.close()

    ACTIONS = {
        "answer": act_answer,
        "hang": act_hang,
        "reset": act_reset,
        "refuse": act_refuse,
        "goaway": act_goaway,
        "drop": act_drop,
        "half": act_half,
    }

    def send_body(self, stream_id, body):
        room = min(
            self.h2.local_flow_control_window(stream_id), self.h2.max_outbound_frame_size
        )
        while body and room > 0:
            part, body = body[:room], body[room:]
            self.h2.send_data(stream_id, part, end_stream=not body)
            room = min(
                self.h2.local_flow_control_window(stream_id), self.h2.max_outbound_frame_size
            )
        if body:
            self.pending_bodies[stream_id] = body

    def flush_soon(self):
        if not self.flush_due:
            self.flush_due = True
            self.loop.call_soon(self.flush)

    def flush(self):
        self.flush_due = False
        if self.transport is not None and not self.transport.is_closing():
            data = self.h2.data_to_send()
            if data:
                self.transport.write(data)

    def close(self):
        if self.transport is not None:
            self.transport.close()


class Server:
    """handle(request) gives an Answer; it is called in the loop and must not block."""

    def __init__(self, handle, context, stream_limit=1000, distance_s=0):
        self.handle = handle
        self.context = context
        self.stream_limit = stream_limit
        self.distance_s = distance_s  # how long the settings take to the client
        self.connections = set()
        self.connection_count = 0
        self.refused_stream_count = 0
        self.goaway_every = 0  # so many requests a connection, then GOAWAY; 0: never
        self.listener = None
        self.port = 0

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    async def listen(self, port, addresses=("127.0.0.1",)):
        """At one port of all the addresses."""
        loop = asyncio.get_running_loop()
        self.listener = await loop.create_server(
            lambda: Connection(self), addresses, port, ssl=self.context, backlog=1024
        )
        self.port = self.listener.sockets[0].getsockname()[1]

    def close(self):
        self.listener.close()
        for connection in list(self.connections):
            connection.leave()
