"""What an operator does by hand: make the topics, compare them with what they should be, see how
far the dispatchers are behind."""

import json
import subprocess

from support import kafka_admin
from support.columba import program, run
from support.matrix import push, unique
from support.processes import free_port, wait_until


def test_topics_are_made_once(gateways):
    gateway = gateways.open(started=False)
    path = gateway.write_config("columbactl")

    missing, _ = run("columbactl", "--config", path, "--json", "topics", "show", status=1)
    made, _ = run("columbactl", "--config", path, "topics", "create")
    again, _ = run("columbactl", "--config", path, "topics", "create")
    shown, _ = run("columbactl", "--config", path, "--json", "topics", "show")

    names = ["push.fcm", "retry.fcm.300ms", "retry.fcm.600ms", "dead.fcm"]
    for name in names:
        assert gateway.topic(name) in missing
        assert gateway.topic(name) in made
        assert gateway.topic(name) in again
        assert gateway.topic(name) in shown
    assert isinstance(json.loads(shown), dict)


def test_topics_that_are_not_as_they_should_be_are_named(gateways):
    """Made for a day of retries, asked about for a week."""
    gateway = gateways.open(started=False)
    run("columbactl", "--config", gateway.write_config("day"), "topics", "create")
    week = gateway.write_config("week", {"retry": {"max_age": "7d"}})

    shown, _ = run("columbactl", "--config", week, "--json", "topics", "show", status=1)

    faults = {topic["name"]: topic["fault"] for topic in json.loads(shown)["topics"]}
    assert "retention" in faults[gateway.topic("push.fcm")]


def test_a_topic_that_keeps_old_records_too_long_is_named(gateways):
    """As brokers make one by default: 7 days in a segment, deleted 7 days after its last record."""
    gateway = gateways.open(started=False)
    topic = gateway.topic("push.fcm")
    kafka_admin.make_topic(gateway.queue.bootstrap, topic, 2, {"message.timestamp.type": "LogAppendTime"})
    path = gateway.write_config("columbactl")

    made, _ = run("columbactl", "--config", path, "topics", "create", status=1)
    shown, _ = run("columbactl", "--config", path, "--json", "topics", "show", status=1)

    faults = {topic["name"]: topic["fault"] for topic in json.loads(shown)["topics"] if topic["fault"]}
    assert faults == {topic: "segment.ms is 604800000, should be 75600000: "
                             "kafka-configs.sh --alter --add-config segment.ms=75600000"}
    assert faults[topic] in made
    gateway.start_dispatcher()
    wait_until("it says so", lambda: "segment.ms" in gateway.dispatcher.get("/ready").body.decode(), 30,
               [gateway.dispatcher])


def test_what_is_left_of_a_delay_is_named(gateways):
    """What waits there is read by nobody, and would be gone with the retention."""
    gateway = gateways.open(started=False)
    run("columbactl", "--config", gateway.write_config("before"), "topics", "create")
    gateway.settings["retry"] = {"delays": ["600ms"]}

    shown, _ = run("columbactl", "--config", gateway.write_config("after"), "--json", "topics", "show", status=1)

    faults = {topic["name"]: topic["fault"] for topic in json.loads(shown)["topics"] if topic["fault"]}
    assert list(faults) == [gateway.topic("retry.fcm.300ms")]
    assert "retry.delays" in faults[gateway.topic("retry.fcm.300ms")]
    gateway.start_dispatcher()
    wait_until("it says so", lambda: "read by nobody" in gateway.dispatcher.get("/ready").body.decode(), 30,
               [gateway.dispatcher])


def test_a_new_topic_of_a_lane_has_as_many_partitions_as_the_others(gateways):
    """A pushkey stays on one partition number, whatever the configuration says by now."""
    gateway = gateways.open(started=False)
    run("columbactl", "--config", gateway.write_config("first"), "topics", "create")
    more = gateway.write_config("more", {"queue": {"partitions": 7}, "retry": {"delays": ["300ms", "600ms", "900ms"]}})

    run("columbactl", "--config", more, "topics", "create")
    shown, _ = run("columbactl", "--config", more, "--json", "topics", "show")

    assert {topic["partitions"] for topic in json.loads(shown)["topics"]} == {2}


def test_programs_name_the_topics_that_are_missing(gateways):
    gateway = gateways.open({"queue": {"ack_timeout": "2s"}}, started=False)
    programs = [gateway.start_ingress(), gateway.start_dispatcher()]
    for one in programs:
        wait_until(
            "it names the topic",
            lambda: gateway.topic("push.fcm") in one.get("/ready").body.decode(),
            30,
            [one],
        )
    assert not gateway.dispatcher.is_ready()
    assert gateway.notify(push(unique())).status == 503

    gateway.prepare()

    for one in programs:
        one.wait_ready(60)
    wait_until(
        "200", lambda: gateway.notify(push(unique())).status == 200, 60, [gateway.ingress]
    )
    gateway.deliver(push(pushkey := unique()), pushkey)


def test_lag(gateways):
    gateway = gateways.open()
    path = gateway.write_config("columbactl")

    def lag():
        shown, _ = run("columbactl", "--config", path, "--json", "lag")
        return json.loads(shown)

    gateway.deliver(push(pushkey := unique()), pushkey)
    wait_until("no lag", lambda: total(lag()) == 0, 20, [gateway.dispatcher])
    assert gateway.dispatcher.stop() == 0

    for _ in range(5):
        assert gateway.notify(push(unique())).rejected == []

    assert total(lag()) == 5


def total(report):
    return sum(partition["lag"] for lane in report["lanes"] for partition in lane["partitions"])


def test_config_check(gateways):
    gateway = gateways.open(started=False)
    sound = gateway.write_config("sound")
    broken = gateway.write_config("broken", {"queue": {"partitions": "many"}})

    shown, _ = run("columbactl", "--config", sound, "config", "check")
    _, said = run("columbactl", "--config", broken, "config", "check", status=2)

    assert "chat.columba.android" in shown
    assert str(broken) in said and "partitions" in said
    assert len(said.splitlines()) == 1


def test_brokers_that_are_away_are_status_3(gateways):
    gateway = gateways.open(started=False)
    path = gateway.write_config("away", {"queue": {"brokers": f"127.0.0.1:{free_port()}"}})

    _, said = run("columbactl", "--config", path, "topics", "show", status=3)

    assert "columbactl:" in said


def test_nonsense_is_status_2():
    for arguments in ([], ["topics"], ["topics", "destroy"], ["--nonsense"], ["lag", "a", "b"]):
        ran = subprocess.run([program("columbactl"), *arguments], capture_output=True, text=True,
                             timeout=30, check=False)
        assert ran.returncode == 2, (arguments, ran)
        assert len(ran.stderr.splitlines()) == 1
