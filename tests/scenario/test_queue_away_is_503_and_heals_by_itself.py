"""No 200 before the queue has it: with the broker stopped a notify is answered 503 within the
bound, nobody is rejected, and with the broker back the next call works."""

import json
import time

from support.http_client import Client
from support.matrix import device, notification, push, unique
from support.processes import wait_until

ACK_TIMEOUT_S = 3
SETTINGS = {"queue": {"ack_timeout": f"{ACK_TIMEOUT_S}s"}}


def is_unavailable(answer):
    return answer.status == 503 and answer.errcode == "M_UNKNOWN" and "retry-after" in answer.headers


def test_broker_stopped_and_started(gateways):
    gateway = gateways.open(SETTINGS)
    gateway.deliver(push(first := unique()), first)

    gateway.queue.stop()
    started = time.monotonic()
    answer = gateway.notify(push(unique()))
    took_s = time.monotonic() - started

    assert is_unavailable(answer), answer
    # The bound is ours; the rest is room for a slow machine.
    assert took_s < ACK_TIMEOUT_S + 10

    gateway.queue.start()
    last = unique()
    wait_until(
        "the ingress accepts again",
        lambda: gateway.notify(push(last)).status == 200,
        30,
        [gateway.ingress],
    )
    gateway.fcm.wait_for(last, timeout_s=40)


def test_broker_frozen_answers_every_waiting_caller(gateways):
    gateway = gateways.open(SETTINGS)
    gateway.deliver(push(first := unique()), first)
    bodies = [notification(device(unique()), device(unique())) for _ in range(8)]

    gateway.queue.freeze()
    clients = [Client(gateway.ingress.port) for _ in bodies]
    for client, body in zip(clients, bodies):
        client.connection.request("POST", "/_matrix/push/v1/notify", _json(body))
    statuses = [client.connection.getresponse().status for client in clients]
    gateway.queue.thaw()

    assert statuses == [503] * len(bodies)
    for client in clients:
        client.close()
    last = unique()
    wait_until(
        "the ingress accepts again",
        lambda: gateway.notify(push(last)).status == 200,
        30,
        [gateway.ingress],
    )
    gateway.fcm.wait_for(last, timeout_s=40)


def test_more_than_may_wait_is_503_at_once(gateways):
    gateway = gateways.open({**SETTINGS, "ingress": {"waiting_requests": 4, "workers": 1}})
    gateway.deliver(push(first := unique()), first)

    gateway.queue.freeze()
    clients = [Client(gateway.ingress.port) for _ in range(4)]
    for client in clients:
        client.connection.request("POST", "/_matrix/push/v1/notify", _json(push(unique())))
    wait_until(
        "four requests wait",
        lambda: gateway.ingress.metrics().sum("columba_ingress_waiting_requests") == 4,
        10,
        [gateway.ingress],
    )
    started = time.monotonic()
    answer = gateway.notify(push(unique()))
    took_s = time.monotonic() - started
    statuses = [client.connection.getresponse().status for client in clients]
    gateway.queue.thaw()

    assert is_unavailable(answer), answer
    assert took_s < ACK_TIMEOUT_S, "it waited with the others"
    assert statuses == [503] * 4
    for client in clients:
        client.close()


def test_an_ingress_that_starts_before_the_queue_becomes_ready_with_it(gateways):
    gateway = gateways.open(SETTINGS, started=False)
    ingress = gateway.start_ingress()
    wait_until("the admin port", lambda: ingress.get("/health").status == 200, 20, [ingress])
    assert not ingress.is_ready()
    assert is_unavailable(gateway.notify(push(unique())))

    gateway.prepare()

    ingress.wait_ready()
    gateway.start_dispatcher().wait_ready()
    gateway.deliver(push(last := unique()), last)


def _json(body):
    return json.dumps(body).encode()
