"""A retry topic that is missing, or may not be written to: the intake stops with an alarm, nothing is
dropped, and when that is mended all goes on by itself. What the log itself lost is said, and a log
that begins anew is read."""

import contextlib

import pytest

from support import kafka_admin
from support.columba import run
from support.kafka import RealKafka, read_topic
from support.matrix import push, unique
from support.processes import wait_until
from support.traffic import Traffic

AUTHORIZED = (
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found=true",
)


@pytest.fixture(scope="module")
def make_queue(tmp_path_factory):
    """A Kafka that knows who may do what."""
    with RealKafka(tmp_path_factory.mktemp("guarded"), AUTHORIZED) as broker:
        broker.start()
        yield lambda _directory: contextlib.nullcontext(broker)


@pytest.fixture
def gateway(gateways):
    return gateways.open()


def metric(gateway, name):
    return gateway.dispatcher.metrics().sum(f"columba_dispatcher_{name}")


def has_said(gateway, event):
    return any(line["event"] == event for line in gateway.dispatcher.log_lines())


@contextlib.contextmanager
def missing(gateway, topic):
    kafka_admin.delete_topic(gateway.queue.bootstrap, topic)
    yield
    run("columbactl", "--config", gateway.write_config("again"), "topics", "create")


@contextlib.contextmanager
def forbidden(gateway, topic):
    kafka_admin.forbid_writing(gateway.queue.bootstrap, topic)
    yield
    kafka_admin.allow_writing(gateway.queue.bootstrap, topic)


@pytest.mark.parametrize("fault", [missing, forbidden])
def test_a_retry_topic_is(gateway, fault):
    traffic = Traffic(gateway).start()
    traffic.wait_for(50)
    with fault(gateway, gateway.topic("retry.fcm.300ms")):
        gateway.fcm.control(answer="internal")
        wait_until("the intake stops", lambda: has_said(gateway, "intake_stopped"), 60)
        assert metric(gateway, "copy_failures_total") > 0
        gateway.fcm.control(answer=None)
        traffic.wait_for(100)
        # What was taken before it stopped may end yet; after that nothing is taken.
        wait_until("lag grows", lambda: metric(gateway, "lag_records") > 100, 60)
        assert not has_said(gateway, "intake_goes_on")
    wait_until("the intake goes on", lambda: has_said(gateway, "intake_goes_on"), 60)
    traffic.wait_for(50)
    account = traffic.stop().settle(f"a retry topic is {fault.__name__}")

    assert account.lost == []
    assert gateway.settled(outcome="rejected") == gateway.settled(outcome="dead") == 0
    assert read_topic(gateway.queue.bootstrap, gateway.topic("dead.fcm")) == []


def test_what_the_log_lost_is_counted(gateway):
    """Retention has overtaken a lane that nobody served: no push comes of it, but an alarm does."""
    bootstrap, topic = gateway.queue.bootstrap, gateway.topic("push.fcm")
    for number in range(20):
        gateway.deliver(push(pushkey := unique()), pushkey)
    gateway.dispatcher.stop()
    for number in range(50):
        assert gateway.notify(push(unique())).rejected == []
    for partition in range(gateway.settings["queue"]["partitions"]):
        kafka_admin.delete_records(bootstrap, topic, partition)
    assert read_topic(bootstrap, topic) == []
    gateway.start_dispatcher().wait_ready()

    wait_until("it is counted", lambda: metric(gateway, "lost_records_total") == 50, 30)
    assert has_said(gateway, "records_lost_to_retention")
    gateway.deliver(push(pushkey := unique()), pushkey)


def test_a_topic_that_is_made_anew_is_read_from_its_start(gateway):
    """Its offsets are those of before once more, of pushes that nobody has seen."""
    topic = gateway.topic("push.fcm")
    for number in range(40):
        gateway.deliver(push(pushkey := unique()), pushkey)
    with missing(gateway, topic):
        pass
    for number in range(20):
        wait_until("it is accepted", lambda: gateway.notify(push(unique())).status == 200, 60)

    wait_until("all of them arrive", lambda: gateway.settled(outcome="delivered") == 60, 90, gateway.programs)
    wait_until("the commits follow", gateway.dispatcher.is_idle, 60, gateway.programs)
