"""What an operator changes while pushes come: more partitions, an app that moves to a lane of its own.
Nothing is lost, and nothing is shown twice."""

from support.columba import merged
from support.keda import Broker
from support.matrix import APP_ID
from support.processes import wait_until
from support.traffic import Traffic

BEFORE, AFTER = 2, 4
TOPICS = ("push.fcm", "retry.fcm.300ms", "retry.fcm.600ms", "dead.fcm")


def test_topics_get_more_partitions(gateways):
    gateway = gateways.open({"queue": {
        "partitions": BEFORE,
        "properties": {"topic.metadata.refresh.interval.ms": "1000"},
    }})
    dispatchers = [gateway.dispatcher, gateway.start_dispatcher().wait_ready()]
    traffic = Traffic(gateway).start()
    traffic.wait_for(200)

    with Broker(gateway.queue.bootstrap) as broker:
        for topic in map(gateway.topic, TOPICS):
            broker.grow(topic, AFTER)
        pushes = gateway.topic("push.fcm")
        wait_until("every partition is written to",
                   lambda: min(broker.offsets(pushes, AFTER).values()) > 0, 60, gateway.programs)
    wait_until("every partition is somebody's", lambda: sum(
        one.metrics().sum("columba_dispatcher_partitions") for one in dispatchers
    ) == AFTER * 3, 60, dispatchers)
    traffic.wait_for(200)

    account = traffic.stop().settle(f"{BEFORE} partitions become {AFTER}")
    assert (account.lost, account.twice, account.repeated) == ([], [], 0)
    for one in gateway.programs:
        one.wait_ready()


def test_an_app_moves_to_a_lane_of_its_own(gateways):
    """First the lane, then the app: what is on the old one is sent from there."""
    gateway = gateways.open({"dispatcher": {"lanes": ["fcm"]}})
    old = gateway.dispatcher
    moved = {"apps": {APP_ID: {"lane": "big"}}}
    both = merged(moved, {"dispatcher": {"lanes": ["fcm", "big"]}})
    gateway.queue.prepare(gateway.write_config("both", both))
    traffic = Traffic(gateway).start()
    traffic.wait_for(200)

    new = gateway.start_dispatcher(**merged(moved, {"dispatcher": {"lanes": ["big"]}}))
    new.wait_ready()
    for one in (gateway.ingress, old):
        one.reconfigure(moved)
    traffic.wait_for(200)
    wait_until("the old lane is empty", old.is_idle, 60, [old, new])
    assert new.metrics().sum("columba_dispatcher_records_total", lane="big", outcome="delivered") > 0
    assert old.stop() == 0
    traffic.wait_for(100)

    account = traffic.stop().settle("an app moves to another lane")
    assert (account.lost, account.twice, account.repeated) == ([], [], 0)
