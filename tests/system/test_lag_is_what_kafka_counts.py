"""The lag of /metrics is log end minus commit, as KEDA and columbactl lag ask the brokers for it: while
work waits, when no partition is read, across a drain, and when all is done."""

import json

from support.columba import run
from support.matrix import push, unique
from support.processes import wait_until

COUNT = 200
IN_FLIGHT = 20
SETTINGS = {
    "dispatcher": {"in_flight": IN_FLIGHT, "request_timeout": "120s", "commit_interval": "100ms", "drain_timeout": "500ms"},
}


def asked(gateway):
    """Of the brokers, by partition."""
    shown, _ = run("columbactl", "--config", gateway.write_config("columbactl"), "--json", "lag")
    partitions = [at for lane in json.loads(shown)["lanes"] for at in lane["partitions"]]
    for at in partitions:
        assert at["lag"] == at["end"] - max(at["committed"], at["start"])
    return {(at["topic"], str(at["partition"])): at["lag"] for at in partitions}


def served(gateway):
    """By the dispatcher; the same form."""
    found = {}
    for (name, labels), value in gateway.dispatcher.metrics().samples.items():
        if name == "columba_dispatcher_lag_records":
            labels = dict(labels)
            found[labels["topic"], labels["partition"]] = int(value)
    return found


def await_lag(gateway, what, in_all):
    """Until both say the same of every partition."""

    def agreed():
        seen = asked(gateway)
        return sum(seen.values()) == in_all and seen == served(gateway)

    wait_until(f"lag is {in_all} {what}", agreed, 30, [gateway.dispatcher])
    status = gateway.dispatcher.get("/status").json()
    partitions = [at for lane in status["lanes"] for at in lane["partitions"]]
    assert sum(at["lag"] for at in partitions) == in_all


def test_lag_is_what_kafka_counts(gateways):
    gateway = gateways.open(SETTINGS)
    gateway.deliver(push(first := unique()), first)
    await_lag(gateway, "when all is done", 0)

    gateway.fcm.process.freeze()
    for _ in range(COUNT):
        assert gateway.notify(push(unique())).rejected == []
    await_lag(gateway, "while the provider hangs and nothing more is taken", COUNT)
    assert gateway.dispatcher.metrics().sum("columba_dispatcher_in_flight") == IN_FLIGHT
    wait_until(
        "the oldest is overdue",
        lambda: gateway.dispatcher.metrics().sum("columba_dispatcher_oldest_seconds") > 1,
        20,
        [gateway.dispatcher],
    )

    assert gateway.dispatcher.stop() == 0
    assert sum(asked(gateway).values()) == COUNT
    gateway.start_dispatcher().wait_ready()
    await_lag(gateway, "after a drain that nothing could finish", COUNT)

    gateway.fcm.process.thaw()
    await_lag(gateway, "after all of it", 0)
    assert gateway.dispatcher.metrics().sum("columba_dispatcher_oldest_seconds") == 0
