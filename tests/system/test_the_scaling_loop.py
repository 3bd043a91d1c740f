"""KEDA and an HPA, played by a script that asks the real broker and starts and stops real dispatchers of
one lane, while a load rises and falls. Its clock is faster than theirs, and so is its load."""

import threading
import time

from support.keda import Autoscaler, Broker
from support.processes import wait_until
from support.traffic import CONNECTIONS, Traffic

PARTITIONS = 6
THRESHOLD = 50
SECOND_S = 1 / 60  # of the autoscaler's clock
POLLING_S = 15
# A dispatcher sends a hundred a second.
IN_FLIGHT = 20
ANSWER = "slow200"
LOW, HIGH = 25, 300  # pushes a second
SETTINGS = {
    "queue": {"partitions": PARTITIONS},
    "dispatcher": {"in_flight": IN_FLIGHT, "commit_interval": "200ms"},
}


class Loop:
    """Looks at the lag, starts and stops dispatchers, and keeps a record of both."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.running = [gateway.dispatcher]
        self.scaler = Autoscaler(THRESHOLD, 1, PARTITIONS, SECOND_S)
        self.seen = []  # (lag, replicas)
        self.stopping = threading.Event()
        self.fault = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            with Broker(self.gateway.queue.bootstrap) as broker:
                while not self.stopping.wait(POLLING_S * SECOND_S):
                    self._turn(broker)
        except BaseException as fault:  # pylint: disable=broad-except
            self.fault = fault

    def _turn(self, broker):
        group, topic = self.gateway.topic("fcm"), self.gateway.topic("push.fcm")
        lag = sum(broker.lag(group, topic, PARTITIONS).values())
        self.seen.append((lag, len(self.running)))
        wanted = self.scaler.decide(lag, len(self.running))
        while len(self.running) < wanted:
            self.running.append(self.gateway.start_dispatcher())
        while len(self.running) > wanted:
            # As a ReplicaSet chooses: the youngest goes.
            self.running.pop().child.terminate()

    def await_seen(self, what, is_it, timeout_s=90):
        """Until it saw a lag and a number of replicas that are as asked for; both."""
        at = len(self.seen)

        def found():
            if self.fault is not None:
                raise self.fault
            return [one for one in self.seen[at:] if is_it(*one)]

        return wait_until(what, found, timeout_s, [self.running[0]])[0]

    def stop(self):
        self.stopping.set()
        self.thread.join()
        assert self.fault is None


def longest_silence_s(gateway, since):
    """Between two deliveries at the provider."""
    times = sorted(line["time"] for line in gateway.fcm.delivered() if line["time"] >= since)
    return max(after - before for before, after in zip(times, times[1:]))


def test_the_lag_decides_how_many_there_are(gateways):
    gateway = gateways.open(SETTINGS)
    gateway.fcm.control(answer=ANSWER)
    loop = Loop(gateway)
    traffic = Traffic(gateway, pause_s=CONNECTIONS / LOW).start()
    traffic.wait_for(LOW)
    assert {replicas for _, replicas in loop.seen} == {1}

    traffic.load.pause_s = CONNECTIONS / HIGH
    loop.await_seen("one is not enough", lambda lag, replicas: replicas >= 3)
    lag, replicas = loop.await_seen("the lag is bounded, and the load is as high as it was",
                                    lambda lag, replicas: lag <= THRESHOLD * replicas)
    traffic.wait_for(3 * HIGH)

    traffic.load.pause_s = CONNECTIONS / LOW
    since = time.time()
    loop.await_seen("one is enough again", lambda lag, replicas: replicas == 1)
    loop.stop()
    peak, most = max(lag for lag, _ in loop.seen), max(replicas for _, replicas in loop.seen)
    silence_s = longest_silence_s(gateway, since)
    account = traffic.stop().settle(
        f"scaled 1, {most}, 1; lag at most {peak}; longest silence while they went {silence_s:.1f} s"
    )

    assert (account.lost, account.twice) == ([], [])
    gone = [one for one in gateway.programs if one.name == "columba-dispatcher" and one not in loop.running]
    assert len(gone) >= 2
    for one in gone:
        assert one.wait(30) == 0
        assert "drain_deadline" not in {line["event"] for line in one.log_lines()}, "the lane stood still"
