"""One dispatcher becomes three and one again, under load: a graceful end repeats nothing, a kill
only what was on its way."""

import pytest

from support.kafka import QUICK_GROUPS
from support.processes import wait_until
from support.traffic import Traffic

IN_FLIGHT = 50
SETTINGS = {
    "queue": {"partitions": 6, **QUICK_GROUPS},
    "dispatcher": {"in_flight": IN_FLIGHT},
}


def wait_shared(dispatchers):
    """Until each of them has partitions, and all are somebody's."""

    def shared():
        owned = [one.metrics().sum("columba_dispatcher_partitions") for one in dispatchers]
        # Push, and both retry topics.
        return min(owned) > 0 and sum(owned) == SETTINGS["queue"]["partitions"] * 3

    wait_until(f"{len(dispatchers)} dispatchers share the partitions", shared, 60, dispatchers)


def come_and_go(gateway, name, end):
    """1, 3, 1 dispatchers; end(dispatcher) is how the two leave."""
    first = gateway.dispatcher
    traffic = Traffic(gateway).start()
    traffic.wait_for(200)
    others = [gateway.start_dispatcher(), gateway.start_dispatcher()]
    wait_shared([first, *others])
    traffic.wait_for(300)
    for one in others:
        end(one)
        traffic.wait_for(100)
    wait_shared([first])
    traffic.wait_for(200)
    account = traffic.stop().settle(f"dispatchers 1, 3, 1: {name}")
    assert account.lost == []
    return account


def test_they_end_gracefully(own):
    def end(dispatcher):
        assert dispatcher.stop() == 0

    assert come_and_go(own, "graceful", end).twice == []


def test_they_are_killed(own):
    account = come_and_go(own, "killed", lambda dispatcher: dispatcher.kill())

    assert len(account.twice) <= 2 * IN_FLIGHT


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_first_goes_before_the_second_is_there(own, end):
    """A roll-out of one replica: the new one joins while the old one leaves."""
    first = own.dispatcher
    traffic = Traffic(own).start()
    traffic.wait_for(200)
    second = own.start_dispatcher()
    getattr(first, end)()
    wait_shared([second])
    traffic.wait_for(200)
    account = traffic.stop().settle(f"dispatcher replaced: {end}")

    assert account.lost == []
    assert len(account.twice) <= (IN_FLIGHT if end == "kill" else 0)
