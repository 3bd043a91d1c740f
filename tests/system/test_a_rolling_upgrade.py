"""As Kubernetes does it, with one more than there are to be: a new one is started and waited for, an old
one gets SIGTERM. Nobody's push is lost, repeated by its homeserver, or shown twice.

The old programs are those of COLUMBA_OLD_BUILD_DIR, the build of an earlier version; without it the same."""

import itertools
import os
import random
from pathlib import Path

import pytest

from support.columba import BUILD, FOLDERS, Program
from support.matrix import push, unique
from support.processes import wait_until
from support.traffic import Traffic

OLD_BUILD = Path(os.environ.get("COLUMBA_OLD_BUILD_DIR") or BUILD)

SETTINGS = {
    "queue": {"partitions": 4},
    "dispatcher": {"in_flight": 50},
    "ingress": {"drain_delay": "1s"},
}
REPLICAS = 2
HASTY_EVERY = 20


class OldProgram(Program):
    def command_line(self, config_path):
        return [OLD_BUILD / FOLDERS[self.name] / self.name, "--config", config_path]


def open_old(gateways):
    """A gateway of old programs; what is started from now on is new."""
    gateway = gateways.open(SETTINGS, started=False)
    gateway.make_program = OldProgram
    gateway.start()
    fleet = Fleet(gateway)
    gateway.make_program = Program
    return gateway, fleet


class Fleet:
    """Two of each, behind something like a Service, which learns late that an ingress goes."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.ingresses = [gateway.ingress, gateway.start_ingress().wait_ready()]
        self.dispatchers = [gateway.dispatcher, gateway.start_dispatcher()]
        self.wait_shared()

    def port(self):
        return random.choice(self.ingresses).port

    def wait_shared(self):
        """Until every dispatcher has partitions, and all are somebody's."""

        def shared():
            owned = [one.metrics().sum("columba_dispatcher_partitions") for one in self.dispatchers]
            return min(owned) > 0 and sum(owned) == SETTINGS["queue"]["partitions"] * 3

        wait_until("the dispatchers share the partitions", shared, 60, self.dispatchers)

    def upgrade_dispatchers(self, traffic, **changes):
        for _ in range(REPLICAS):
            self.dispatchers.append(self.gateway.start_dispatcher(**changes).wait_ready())
            traffic.wait_for(50)
            assert self.dispatchers.pop(0).stop() == 0
            traffic.wait_for(50)
        self.wait_shared()

    def upgrade_ingresses(self, traffic):
        for _ in range(REPLICAS):
            self.ingresses.append(self.gateway.start_ingress().wait_ready())
            old = self.ingresses[0]
            old.child.terminate()
            wait_until("it is unready", lambda: not old.is_ready(), 10, [old])
            # New connections still come to it, and are answered.
            traffic.wait_for(20)
            self.ingresses.remove(old)
            assert old.wait(30) == 0


def names():
    """Now and then one that has to wait: its copy and its hold are there for whoever is next."""
    for number in itertools.count():
        yield unique("ok" if number % HASTY_EVERY else "hasty1")


def start_traffic(fleet):
    traffic = Traffic(fleet.gateway, names=names())
    traffic.load.choose = fleet.port
    traffic.start()
    traffic.wait_for(200)
    return traffic


class Remembered:
    """What an old fleet has learned of two pushkeys, and a new one has to know."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.dead = unique("dead")
        self.delivered = unique()
        self.body = push(self.delivered)
        gateway.deliver(self.body, self.delivered)
        assert gateway.notify(push(self.dead)).rejected == []
        gateway.wait_outcomes(self.dead, outcome="rejected")

    def check(self):
        """That one is dead, and the event of the other is sent: every ingress, any dispatcher."""
        assert self.gateway.notify(push(self.dead)).rejected == [self.dead]
        settled = len(self.gateway.outcomes(self.delivered))
        assert self.gateway.notify(self.body).rejected == []
        assert self.gateway.wait_outcomes(self.delivered, settled + 1)[-1] == "dropped"
        assert len(self.gateway.fcm.delivered(self.delivered)) == 1


def check(gateway, account):
    assert (account.lost, account.twice, account.repeated) == ([], [], 0)
    assert gateway.settled(outcome="rejected") == gateway.settled(outcome="dead") == 0


def test_of_everything(gateways):
    gateway, fleet = open_old(gateways)
    remembered = Remembered(gateway)
    traffic = start_traffic(fleet)

    fleet.upgrade_dispatchers(traffic)
    remembered.check()
    fleet.upgrade_ingresses(traffic)
    remembered.check()

    traffic.wait_for(200)
    check(gateway, traffic.stop().settle("rolling upgrade"))


@pytest.mark.long
def test_back_to_the_old_version(gateways):
    """The new ones were no good: what they have left behind is worked off by the old ones."""
    gateway = gateways.open(SETTINGS)
    remembered = Remembered(gateway)
    fleet = Fleet(gateway)
    gateway.make_program = OldProgram
    traffic = start_traffic(fleet)

    fleet.upgrade_ingresses(traffic)
    fleet.upgrade_dispatchers(traffic)
    remembered.check()

    traffic.wait_for(200)
    check(gateway, traffic.stop().settle("back to the version before"))


def test_that_brings_the_key_which_the_old_ones_lack(gateways):
    """The provider knows the new key alone. What the old ones have learned of theirs is not said of
    it: the new ones send at once, while old ones still move what they have."""
    gateway = gateways.open(SETTINGS)
    fcm = gateway.fcm
    kept = gateway.directory / "old.json"
    kept.write_bytes((fcm.directory / "service-account.json").read_bytes())
    old = {"apps": {app_id: app | {"service_account_file": str(kept)}
                    for app_id, app in gateway.settings["apps"].items()}}
    fleet = Fleet(gateway)
    traffic = start_traffic(fleet)
    fleet.upgrade_dispatchers(traffic, **old)

    fcm.control(rotate=True)
    wait_until("the old ones latch", lambda: any(
        one.metrics().sum("columba_dispatcher_gates", state="latched") for one in fleet.dispatchers
    ), 30, fleet.dispatchers)
    latched = fleet.dispatchers[0]
    before = len(fcm.delivered())
    fleet.dispatchers.append(gateway.start_dispatcher().wait_ready())
    wait_until("the new one sends", lambda: len(fcm.delivered()) > before, 30, fleet.dispatchers)
    assert latched.metrics().sum("columba_dispatcher_gates", state="latched") == 1
    fleet.dispatchers.append(gateway.start_dispatcher().wait_ready())
    for _ in range(REPLICAS):
        assert fleet.dispatchers.pop(0).stop() == 0

    traffic.wait_for(200)
    check(gateway, traffic.stop().settle("rolling upgrade to a new key"))
