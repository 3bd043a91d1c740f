"""The lag of /metrics, of /status and of columbactl lag is log end minus commit, as KEDA asks the broker
for it: under load, behind a closed gate, in a drain, after it, and when all is done."""

import contextlib
import itertools
import json

import pytest

from support.columba import merged, run
from support.keda import Broker
from support.load import Load, failures
from support.matrix import APP_ID, push, unique
from support.processes import wait_until

PARTITIONS = 2
IN_FLIGHT = 20
READINGS = 5
TOPICS = ("push.fcm", "retry.fcm.1h")
SETTINGS = {
    "queue": {"partitions": PARTITIONS},
    "retry": {"delays": ["1h"]},
    "dispatcher": {
        "in_flight": IN_FLIGHT,
        "request_timeout": "120s",
        "commit_interval": "100ms",
        "drain_timeout": "4s",
    },
}


@pytest.fixture
def open_counted(gateways):
    """Counted, of a gateway with these changes."""
    with contextlib.ExitStack() as stack:

        def make(changes=None):
            gateway = gateways.open(merged(SETTINGS, changes or {}))
            return Counted(gateway, stack.enter_context(Broker(gateway.queue.bootstrap)))

        yield make


class Counted:
    """A gateway's lag, as each of those who count it says; by topic and partition."""

    def __init__(self, gateway, broker):
        self.gateway = gateway
        self.broker = broker
        self.group = gateway.topic("fcm")

    def keda(self):
        return {(topic, number): lag for topic in map(self.gateway.topic, TOPICS)
                for number, lag in self.broker.lag(self.group, topic, PARTITIONS).items()}

    def columbactl(self):
        path = self.gateway.write_config("columbactl")
        shown, _ = run("columbactl", "--config", path, "--json", "lag")
        (lane,) = json.loads(shown)["lanes"]
        assert lane["group"] == self.group
        assert lane["push_lag"] + lane["retry_lag"] == sum(at["lag"] for at in lane["partitions"])
        return {(at["topic"], at["partition"]): at["lag"] for at in lane["partitions"]}

    def metrics(self):
        found = {}
        for (name, labels), value in self.gateway.dispatcher.metrics().samples.items():
            if name == "columba_dispatcher_lag_records":
                labels = dict(labels)
                found[labels["topic"], int(labels["partition"])] = int(value)
        return found

    def status(self):
        lanes = self.gateway.dispatcher.get("/status").json()["lanes"]
        return {(at["topic"], at["partition"]): at for lane in lanes for at in lane["partitions"]}

    def states(self):
        """Of the partitions of the push topic."""
        return {at["state"] for (topic, _), at in self.status().items() if topic.endswith(TOPICS[0])}

    def await_agreement(self, what, in_all):
        """Until all say the same of every partition, and that is so much in all."""

        def agreed():
            seen = self.keda()
            return sum(seen.values()) == in_all and seen == self.metrics() == self.columbactl() == {
                at: said["lag"] for at, said in self.status().items()
            }

        wait_until(f"all count {in_all} {what}", agreed, 30, [self.gateway.dispatcher])

    def bounds(self):
        """What KEDA's two numbers are now, of the push topic."""
        topic = self.gateway.topic(TOPICS[0])
        return (self.broker.committed(self.group, topic, PARTITIONS),
                self.broker.offsets(topic, PARTITIONS))

    def _await_commits(self, since):
        """Until each partition was committed since. One commit is on its way at a time: what the
        dispatcher had counted as committed then is with the broker now."""
        wait_until(
            "the commits move on",
            lambda: all(at > since[number] for number, at in self.bounds()[0].items()),
            30,
            [self.gateway.dispatcher],
        )

    def agrees_while_it_moves(self):
        """Nobody can ask everybody at one moment. But whoever is asked between two moments has to
        say something between the least and the most that was true in that time."""
        committed_before, end_before = self.bounds()
        asked, served = self.columbactl(), self.metrics()
        self._await_commits(self.bounds()[0])
        committed_after, end_after = self.bounds()
        is_fresh = True
        for number in range(PARTITIONS):
            at = (self.gateway.topic(TOPICS[0]), number)
            least = end_before[number] - committed_after[number]
            most = end_after[number] - committed_before[number]
            assert least <= asked[at] <= most
            assert served[at] <= most
            # The end that the dispatcher knows came with the last records, or when it last asked.
            is_fresh = is_fresh and least <= served[at]
        return is_fresh


@contextlib.contextmanager
def load(gateway, connections=2):
    """Goes on until the end of the block; gives what was answered."""
    requests = ((name := unique(), json.dumps(push(name)).encode()) for _ in itertools.count())
    running = Load(lambda: gateway.ingress.port, connections, requests).start()
    yield running
    assert failures(running.stop()) == []


def test_under_load(open_counted):
    counted = open_counted()
    counted.gateway.fcm.control(answer="slow20")
    with load(counted.gateway):
        wait_until("it is behind", lambda: sum(counted.keda().values()) > 10 * IN_FLIGHT, 30)
        for _ in range(READINGS):
            wait_until("it still is", lambda: sum(counted.metrics().values()) > IN_FLIGHT, 30)
            wait_until("they agree", counted.agrees_while_it_moves, 30, [counted.gateway.dispatcher])
    counted.gateway.fcm.control(answer=None)
    counted.await_agreement("when all is done", 0)


def test_behind_a_closed_gate(open_counted):
    """No partition is read any more: the dispatcher has to ask for their ends. There is room for what
    comes in the seconds for which the last success keeps them open."""
    counted = open_counted({"dispatcher": {"in_flight": 50000, "in_flight_bytes": "1GiB"}})
    gateway = counted.gateway
    path = gateway.write_config("columbactl")
    run("columbactl", "--config", path, "gate", "close", APP_ID)
    with load(gateway, connections=1):
        wait_until("no partition is read", lambda: counted.states() == {"gated"}, 30, [gateway.dispatcher])
        behind = sum(counted.keda().values())
        wait_until("more comes", lambda: sum(counted.keda().values()) > behind + 100, 30)
    waiting = sum(counted.keda().values())
    counted.await_agreement("while the gate is closed", waiting)
    wait_until(
        "the oldest is overdue",
        lambda: gateway.dispatcher.metrics().sum("columba_dispatcher_oldest_seconds") > 1,
        20,
        [gateway.dispatcher],
    )
    assert counted.states() == {"gated"}

    run("columbactl", "--config", path, "gate", "open", APP_ID)
    counted.await_agreement("after it was opened", 0)
    assert counted.states() == {"reading"}
    assert gateway.settled(outcome="delivered") == gateway.settled()


def test_in_a_drain_and_after_it(open_counted):
    """A provider that hangs: what is on its way keeps a drain waiting, and is not finished by it."""
    counted = open_counted()
    gateway = counted.gateway
    count = 10 * IN_FLIGHT
    gateway.deliver(push(first := unique()), first)
    counted.await_agreement("when all is done", 0)
    gateway.fcm.process.freeze()
    for _ in range(count):
        assert gateway.notify(push(unique())).rejected == []
    counted.await_agreement("while nothing more is taken", count)
    assert gateway.dispatcher.metrics().sum("columba_dispatcher_in_flight") == IN_FLIGHT

    dispatcher = gateway.dispatcher
    dispatcher.child.terminate()
    wait_until("it drains", lambda: not dispatcher.is_ready(), 10, [dispatcher])
    counted.await_agreement("in the drain", count)
    assert dispatcher.wait(20) == 0
    assert sum(counted.keda().values()) == count
    assert counted.columbactl() == counted.keda()

    gateway.start_dispatcher().wait_ready()
    counted.await_agreement("after a drain that nothing could finish", count)
    gateway.fcm.process.thaw()
    counted.await_agreement("after all of it", 0)
    assert gateway.dispatcher.metrics().sum("columba_dispatcher_oldest_seconds") == 0
