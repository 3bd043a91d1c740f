"""Rolling over: one of two ingresses ends under load, and callers that reconnect see no refused
connection and no lost answer. A dispatcher ends under load, and the next one has all the rest."""

import itertools
import json
import signal
import threading
import time

from support.load import Load, failures
from support.matrix import push, unique
from support.processes import wait_until

DRAIN_DELAY_S = 2


class LoadBalancer:
    """Gives new connections to those who say that they are ready, and hears of a change only
    after a while, as a real one does."""

    def __init__(self, programs, interval_s=0.3):
        self.programs = programs
        self.ready = list(programs)
        self.turn = itertools.count()
        self.ended = threading.Event()
        self.interval_s = interval_s
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        while not self.ended.wait(self.interval_s):
            self.ready = [one for one in self.programs if self._is_ready(one)]

    @staticmethod
    def _is_ready(one):
        try:
            return one.is_ready()
        except OSError:
            return False

    def choose(self):
        ready = self.ready
        return ready[next(self.turn) % len(ready)].port

    def stop(self):
        self.ended.set()
        self.thread.join()


def test_one_of_two_ingresses_ends_under_load(own):
    drain = {"drain_delay": f"{DRAIN_DELAY_S}s"}
    pair = [own.start_ingress(ingress=drain).wait_ready() for _ in range(2)]
    balancer = LoadBalancer(pair)
    sent = []

    def requests():
        while True:
            sent.append(unique())
            yield sent[-1], json.dumps(push(sent[-1])).encode()

    load = Load(balancer.choose, 16, requests()).start()
    wait_until("the load is on its way", lambda: load.answer_count() > 200, 30, pair)
    started = time.monotonic()
    pair[0].signal(signal.SIGTERM)
    wait_until("it says that it is not ready", lambda: not pair[0].is_ready(), 10, [pair[1]])
    status = pair[0].wait(60)
    took_s = time.monotonic() - started
    count_then = load.answer_count()
    wait_until("the other one goes on", lambda: load.answer_count() > count_then + 200, 30, [pair[1]])
    results = load.stop()
    balancer.stop()

    assert status == 0
    assert took_s >= DRAIN_DELAY_S
    assert failures(results) == []
    assert sorted(result.name for result in results) == sorted(sent)
    wait_until(
        "every push arrives",
        lambda: {line["token"] for line in own.fcm.delivered()} >= set(sent),
        60,
        [own.dispatcher],
    )


def test_a_request_that_has_begun_is_answered(own):
    """The queue is frozen when SIGTERM comes, and thawed later: the waiting caller gets his 200."""
    ingress = own.ingress

    own.queue.freeze()
    load = Load(lambda: ingress.port, 1, [("waits", json.dumps(push(unique())).encode())]).start()
    wait_until(
        "it waits",
        lambda: ingress.metrics().sum("columba_ingress_waiting_requests") == 1,
        10,
        [ingress],
    )
    ingress.signal(signal.SIGTERM)
    wait_until("SIGTERM is noticed", lambda: not ingress.is_ready(), 10)
    own.queue.thaw()
    results = load.join()

    assert failures(results) == []
    assert ingress.wait(30) == 0
    own.start_ingress().wait_ready()


def test_a_dispatcher_that_ends_hands_over(own):
    pushkeys = [unique("slow300") for _ in range(100)]
    for pushkey in pushkeys:
        assert own.notify(push(pushkey)).rejected == []
    own.fcm.wait_for(pushkeys[0], delivered=False)

    assert own.dispatcher.stop() == 0

    own.start_dispatcher().wait_ready()
    for pushkey in pushkeys:
        own.fcm.wait_for(pushkey, timeout_s=40)
        assert len(own.fcm.received(pushkey)) == 1, "what was sent is not sent again"


def test_idle_programs_end_at_once(own):
    for one in (own.dispatcher, own.ingress):
        started = time.monotonic()
        assert one.stop() == 0
        assert time.monotonic() - started < 10
