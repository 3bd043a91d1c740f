"""As Kubernetes does it, with one more than there are to be: a new one is started and waited for, an old
one gets SIGTERM. Nobody's push is lost, repeated by its homeserver, or shown twice."""

import random

from support.processes import wait_until
from support.traffic import Traffic

SETTINGS = {
    "queue": {"partitions": 4},
    "dispatcher": {"in_flight": 50},
    "ingress": {"drain_delay": "1s"},
}
REPLICAS = 2


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


def start_traffic(fleet):
    traffic = Traffic(fleet.gateway)
    traffic.load.choose = fleet.port
    traffic.start()
    traffic.wait_for(200)
    return traffic


def check(gateway, account):
    assert (account.lost, account.twice, account.repeated) == ([], [], 0)
    assert gateway.settled(outcome="rejected") == gateway.settled(outcome="dead") == 0


def test_of_everything(gateways):
    gateway = gateways.open(SETTINGS)
    fleet = Fleet(gateway)
    traffic = start_traffic(fleet)

    fleet.upgrade_dispatchers(traffic)
    fleet.upgrade_ingresses(traffic)

    traffic.wait_for(200)
    check(gateway, traffic.stop().settle("rolling upgrade"))


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
