"""kill -9 of each part at moments that a seed chooses, under load: each push that was answered 200
arrives. COLUMBA_ROUNDS says how often each part dies."""

import pytest

from support.chaos import ROUNDS, VICTIMS, Moments
from support.gateways import open_gateway
from support.kafka import QUICK_GROUPS, RealKafka
from support.processes import wait_until
from support.traffic import Traffic

IN_FLIGHT = 50
SETTINGS = {
    "queue": {"ack_timeout": "5s", "partitions": 4, **QUICK_GROUPS},
    "dispatcher": {"in_flight": IN_FLIGHT, "commit_interval": "300ms"},
}


@pytest.fixture(scope="module")
def mortal(tmp_path_factory):
    """A gateway of which everything may be killed, its Kafka too."""
    directory = tmp_path_factory.mktemp("mortal")
    with RealKafka(directory / "kafka", RealKafka.QUICK) as broker:
        with open_gateway(directory, broker, SETTINGS) as gateway:
            yield gateway


def die(gateway, name, victims):
    """Runs a load over the deaths; gives the account, with what died."""
    moments = Moments(name)
    traffic = Traffic(gateway).start()
    for _ in range(ROUNDS):
        traffic.wait_for(100)
        moments.pause()
        VICTIMS[moments.choose(victims)](gateway, moments)
    traffic.wait_for(200)
    account = traffic.stop().settle(name)
    assert account.lost == []
    assert gateway.settled(outcome="rejected") == 0
    wait_until("redis is back", gateway.redis.answers)
    return account


@pytest.mark.parametrize("victim", [name for name in VICTIMS if name not in ("dispatcher", "redis")])
def test_of_one_part(mortal, victim):
    """Nothing but an answer that is lost with the provider itself makes a push come twice."""
    mortal.wait_for_redis()
    account = die(mortal, f"kill -9 of the {victim}, {ROUNDS} rounds", [victim])

    if victim != "provider":
        assert len(account.twice) <= (IN_FLIGHT * ROUNDS if victim == "broker" else 0)


def test_of_the_dispatcher(mortal):
    """What was delivered is marked in Redis: only what was on its way at the kill may come twice."""
    mortal.wait_for_redis()
    account = die(mortal, f"kill -9 of the dispatcher, {ROUNDS} rounds", ["dispatcher"])

    assert len(account.twice) <= IN_FLIGHT * ROUNDS


def test_of_redis(mortal):
    """It keeps nothing over its death, and no push hangs on it."""
    die(mortal, f"kill -9 of Redis, {ROUNDS} rounds", ["redis"])


def test_of_any_part(mortal):
    die(mortal, f"kill -9 of anything, {ROUNDS} rounds", list(VICTIMS))
