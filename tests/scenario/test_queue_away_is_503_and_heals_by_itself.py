"""No 200 before the queue has it: with the broker stopped a notify is answered 503 within the
bound, nobody is rejected, and with the broker back the next call works."""

import json
import time

from support.http_client import NOTIFY, Client
from support.kafka import read_topic
from support.matrix import device, notification, push, unique
from support.processes import wait_until

ACK_TIMEOUT_S = 3
WAITING = 4
SETTINGS = {
    "queue": {"ack_timeout": f"{ACK_TIMEOUT_S}s"},
    "ingress": {"waiting_requests": WAITING, "workers": 1},
}


def is_unavailable(answer):
    return answer.status == 503 and answer.errcode == "M_UNKNOWN" and "retry-after" in answer.headers


def wait_until_it_accepts(gateway):
    """The pushkey of the first push that was answered 200 again."""
    pushkey = unique()
    wait_until(
        "200 again", lambda: gateway.notify(push(pushkey)).status == 200, 30, [gateway.ingress]
    )
    return pushkey


def start_waiting(gateway, body):
    """A caller whose request is sent, and not answered."""
    client = Client(gateway.ingress.port)
    client.connection.request("POST", NOTIFY, json.dumps(body).encode())
    return client


def test_frozen_every_caller_is_answered_in_time_and_too_many_at_once(own):
    own.deliver(push(first := unique()), first)

    own.queue.freeze()
    bodies = [notification(device(unique()), device(unique())) for _ in range(WAITING)]
    clients = [start_waiting(own, body) for body in bodies]
    wait_until(
        "the requests wait",
        lambda: own.ingress.metrics().sum("columba_ingress_waiting_requests") == WAITING,
        10,
        [own.ingress],
    )
    started = time.monotonic()
    one_too_many = own.notify(push(unique()))
    took_s = time.monotonic() - started
    statuses = [client.connection.getresponse().status for client in clients]
    own.queue.thaw()

    assert is_unavailable(one_too_many), one_too_many
    assert took_s < ACK_TIMEOUT_S, "it waited with the others"
    assert statuses == [503] * WAITING
    for client in clients:
        client.close()
    own.fcm.wait_for(wait_until_it_accepts(own), timeout_s=40)
    assert own.settled(outcome="rejected") == 0


def test_stopped_and_started(own):
    """A broker that is gone, and back without what it had."""
    own.queue.stop()
    started = time.monotonic()
    answer = own.notify(push(unique()))
    took_s = time.monotonic() - started

    assert is_unavailable(answer), answer
    # The bound is ours; the rest is room for a slow machine.
    assert took_s < ACK_TIMEOUT_S + 10

    own.queue.start()
    key = wait_until_it_accepts(own).encode()
    found = read_topic(own.queue.bootstrap, own.topic("push.fcm"))
    assert [record for record in found if record.key.endswith(key)]


def test_an_ingress_that_starts_before_the_queue_becomes_ready_with_it(gateways):
    gateway = gateways.open(started=False)
    ingress = gateway.start_ingress()
    wait_until("the admin port", lambda: ingress.get("/health").status == 200, 20, [ingress])
    assert not ingress.is_ready()

    gateway.prepare()

    ingress.wait_ready()
    gateway.start_dispatcher().wait_ready()
    gateway.deliver(push(last := unique()), last)
