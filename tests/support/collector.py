"""A fake OpenTelemetry collector: takes OTLP over HTTP in JSON, strictly, and keeps the spans."""

import base64
import copy
import http.server
import json
import re
import threading

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from support.processes import wait_until

PATH = "/v1/traces"
IDS = {"traceId": re.compile("[0-9a-f]{32}"), "spanId": re.compile("[0-9a-f]{16}"),
       "parentSpanId": re.compile("[0-9a-f]{16}")}
NANOSECONDS = re.compile("[1-9][0-9]{18}")
KINDS = {2: "server", 3: "client", 4: "producer", 5: "consumer"}


def attributes(items):
    """As a map; each key once, each value text or an integer."""
    found = {}
    for item in items:
        (kind, value), = item["value"].items()
        assert item["key"] not in found, items
        assert kind in ("stringValue", "intValue"), item
        found[item["key"]] = int(value) if kind == "intValue" else value
    return found


def check(request):
    """By the protocol's own description. Its JSON has ids in hex, where that of protobuf has Base64."""
    as_protobuf = copy.deepcopy(request)
    for resource in as_protobuf["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for name, form in IDS.items():
                    if name in span:
                        assert form.fullmatch(span[name]) and span[name].strip("0"), span
                        span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
                for name in ("startTimeUnixNano", "endTimeUnixNano"):
                    assert NANOSECONDS.fullmatch(span[name]), span
    json_format.ParseDict(as_protobuf, ExportTraceServiceRequest())


class Span:
    def __init__(self, span, resource):
        self.name = span["name"]
        self.kind = KINDS[span["kind"]]
        self.trace_id = span["traceId"]
        self.id = span["spanId"]
        self.parent = span.get("parentSpanId")
        self.start, self.end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
        self.attributes = attributes(span["attributes"])
        self.has_failed = span.get("status", {}).get("code") == 2
        self.message = span.get("status", {}).get("message")
        self.resource = resource
        assert self.has_failed == ("error.type" in self.attributes), span
        assert self.start <= self.end, span

    def __repr__(self):
        return f"<{self.kind} {self.name} {self.id} of {self.parent} {self.attributes}>"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.collector.take(self.path, self.headers, body)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        """Nobody reads it."""


class Collector:
    def __init__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.collector = self
        self.lock = threading.Lock()
        self.bodies = []
        self.kept = []
        self.faults = []
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server.server_port}{PATH}"

    def take(self, path, headers, body):
        spans = []
        try:
            assert path == PATH
            assert headers["Content-Type"] == "application/json"
            request = json.loads(body)
            check(request)
            for resource in request["resourceSpans"]:
                named = attributes(resource["resource"]["attributes"])
                for scope in resource["scopeSpans"]:
                    spans += [Span(span, named) for span in scope["spans"]]
        except Exception as fault:  # whatever it is, the test has to see it
            self.faults.append(f"{fault!r}: {body[:2000]}")
        with self.lock:
            self.bodies.append(body)
            self.kept += spans

    def spans(self, trace_id=None):
        """In the order of their beginning."""
        assert not self.faults, self.faults
        with self.lock:
            found = [one for one in self.kept if trace_id in (None, one.trace_id)]
        return sorted(found, key=lambda one: one.start)

    def wait_for(self, trace_id, count, timeout_s=20, processes=()):
        """Until the trace has that many spans; all of them."""
        return wait_until(
            f"{count} spans of {trace_id}",
            lambda: len(found := self.spans(trace_id)) >= count and found,
            timeout_s,
            processes,
        )

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
