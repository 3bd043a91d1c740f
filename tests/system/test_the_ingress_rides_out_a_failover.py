"""While the queue does not acknowledge, requests wait within bounds: what is too much is told so at once,
with Retry-After; memory stays bounded, and what waited is answered 200 when the queue is back."""

import contextlib
import json

import pytest

from support.kafka import RealKafka
from support.load import Load, failures
from support.matrix import push, unique
from support.processes import resident_bytes, wait_until

WAITING = 200
TRIED = 600
BODY_BYTES = 100_000
WAITING_BYTES = 4 << 20
# A worker's share is never less than its largest request needs.
SMALL = {"workers": 1, "body_limit": "256KiB", "copies_limit": "1MiB"}
BOUNDS = {
    "requests": (SMALL | {"waiting_requests": WAITING}, WAITING, {}),
    "bytes": (
        SMALL | {"waiting_bytes": WAITING_BYTES},
        WAITING_BYTES // BODY_BYTES,
        {"content": {"body": "x" * BODY_BYTES}},
    ),
}
FAILOVER_S = 12
DEFAULT_WAITING = 8000
DEFAULT_WAITING_BYTES = 64 << 20
SLACK_BYTES = 64 << 20  # of a process, beside the bodies that wait


@pytest.fixture(scope="module")
def make_queue(tmp_path_factory):
    """A Kafka that may be frozen."""
    with RealKafka(tmp_path_factory.mktemp("frozen")) as broker:
        broker.start()
        yield lambda _directory: contextlib.nullcontext(broker)


def requests(count, **fields):
    return ((name := unique(), json.dumps(push(name, **fields)).encode()) for _ in range(count))


def waiting_of(gateway, bound="requests"):
    return gateway.ingress.metrics().sum(f"columba_ingress_waiting_{bound}")


def assert_all_arrive(gateway, names):
    def missing():
        return set(names) - {line["token"] for line in gateway.fcm.delivered()}

    wait_until("every promised push arrives", lambda: not missing(), 120)


@pytest.mark.parametrize("bound", BOUNDS)
def test_what_is_too_much_is_503_and_what_waits_is_not_lost(gateways, bound):
    settings, most, fields = BOUNDS[bound]
    gateway = gateways.open({"ingress": settings})
    gateway.deliver(push(warm := unique()), warm)
    before = resident_bytes(gateway.ingress.pid)

    gateway.queue.freeze()
    load = Load(lambda: gateway.ingress.port, TRIED, requests(TRIED, **fields)).start()
    wait_until("the others are refused", lambda: load.answer_count() >= TRIED - most, 15)
    refused = gateway.notify(push(unique(), **fields))
    waiting = waiting_of(gateway, bound)
    grown = resident_bytes(gateway.ingress.pid) - before
    gateway.queue.thaw()
    results = load.join()

    assert refused.status == 503 and int(refused.headers["retry-after"]) > 0
    assert waiting <= settings[f"waiting_{bound}"]
    assert grown < WAITING_BYTES + SLACK_BYTES
    accepted = [result.name for result in results if result.status == 200]
    assert len(failures(results, 503)) == len(accepted) <= most
    assert len(accepted) >= most * 0.9
    assert_all_arrive(gateway, accepted)


@pytest.mark.long
@pytest.mark.parametrize("rate", [600, 800])
def test_the_defaults_for_twelve_seconds(gateways, rate):
    """waiting_requests over 12 s is a rate of 666/s."""
    gateway = gateways.open()
    gateway.deliver(push(warm := unique()), warm)
    before = resident_bytes(gateway.ingress.pid)
    count = rate * FAILOVER_S

    gateway.queue.freeze()
    load = Load(lambda: gateway.ingress.port, count, requests(count), stagger_s=1 / rate).start()

    def standing():
        waiting, refused = waiting_of(gateway), load.answer_count()
        return (waiting, refused) if waiting + refused == count else None

    waiting, refused = wait_until("all wait or are refused", standing, 60)
    grown = resident_bytes(gateway.ingress.pid) - before
    gateway.queue.thaw()
    results = load.join()

    print(f"{rate}/s for {FAILOVER_S} s: {waiting:.0f} waited, {refused} refused, {grown >> 20} MiB")
    assert waiting == min(count, DEFAULT_WAITING)
    assert refused == count - waiting
    assert grown < DEFAULT_WAITING_BYTES + SLACK_BYTES
    assert len(failures(results, 503)) == waiting
    assert len(failures(results)) == refused
    assert_all_arrive(gateway, [result.name for result in results if result.status == 200])
