"""Three brokers, three replicas: whichever of them is killed, frozen or rolled over under load, each
push that was answered 200 arrives."""

import pytest

from support.chaos import ROUNDS, Moments, frozen
from support.gateways import open_gateway
from support.kafka import QUICK_GROUPS, KafkaCluster
from support.traffic import Traffic

IN_FLIGHT = 50
SETTINGS = {"queue": QUICK_GROUPS, "dispatcher": {"in_flight": IN_FLIGHT}}


@pytest.fixture(scope="module")
def clustered(tmp_path_factory):
    directory = tmp_path_factory.mktemp("clustered")
    with KafkaCluster(directory / "kafka") as cluster:
        with open_gateway(directory, cluster, SETTINGS) as gateway:
            yield gateway


def run(gateway, name, disturb):
    """disturb(cluster, traffic) happens under load; nothing of it is lost, and what comes twice was
    on its way when a dispatcher had to give its partitions up."""
    cluster = gateway.queue
    cluster.wait_whole()
    traffic = Traffic(gateway).start()
    traffic.wait_for(200)
    disturb(cluster, traffic)
    traffic.wait_for(200)
    account = traffic.stop().settle(name)
    assert account.lost == []
    assert gateway.settled(outcome="rejected") == 0
    assert len(account.twice) <= IN_FLIGHT


def leader_of(gateway):
    return gateway.queue.leader(gateway.topic("push.fcm"))


def test_the_leader_is_killed(clustered):
    def kill_leader(cluster, traffic):
        number = leader_of(clustered)
        cluster.nodes[number].kill()
        traffic.wait_for(200)
        cluster.start()

    run(clustered, "3 brokers: kill -9 of the leader", kill_leader)


@pytest.mark.long
def test_two_are_killed_in_turn(clustered):
    def kill_two(cluster, traffic):
        moments = Moments("two brokers in turn")
        for number in moments.random.sample(sorted(cluster.nodes), 2):
            cluster.nodes[number].kill()
            traffic.wait_for(100)
            moments.pause()
            cluster.start()
            cluster.wait_whole()

    run(clustered, "3 brokers: kill -9 of two in turn", kill_two)


@pytest.mark.long
def test_a_rolling_restart(clustered):
    def roll(cluster, traffic):
        for node in cluster.nodes.values():
            node.stop()
            traffic.wait_for(50)
            cluster.start()
            cluster.wait_whole()

    run(clustered, "3 brokers: rolling restart", roll)


@pytest.mark.long
def test_the_leader_is_frozen(clustered):
    def freeze_leader(cluster, traffic):
        with frozen(cluster.nodes[leader_of(clustered)]):
            traffic.wait_for(200)

    run(clustered, "3 brokers: the leader frozen", freeze_leader)


@pytest.mark.long
def test_any_is_killed_at_any_moment(clustered):
    def kill_any(cluster, traffic):
        moments = Moments("any broker")
        for _ in range(ROUNDS):
            moments.pause()
            cluster.nodes[moments.choose(sorted(cluster.nodes))].kill()
            traffic.wait_for(100)
            cluster.start()
            cluster.wait_whole()

    run(clustered, f"3 brokers: kill -9 of any, {ROUNDS} rounds", kill_any)
