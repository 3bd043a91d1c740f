"""While a new credential is rolled out, pods with the old one are beside those with the new. Where it
is broken, those that are not go on: what the broken ones are told shuts nobody else's gate."""

import pytest

from support.crowd import Crowd, by_spelled_token
from support.fake_provider import FakeApnsOfCertificates
from support.matrix import APP_ID
from support.processes import wait_until

IOS = "chat.columba.ios"
PARTITIONS = 4


def states(one):
    """Of the gates of a dispatcher, over its lanes."""
    return {gate["state"] for lane in one.get("/status").json()["lanes"] for gate in lane["gates"]}


def partitions(one):
    return one.metrics().sum("columba_dispatcher_partitions")


def is_shared(first, second):
    """Every lane has its topics' partitions divided between the two."""
    return partitions(first) == partitions(second) > 0


def gates(one, **labels):
    return one.metrics().sum("columba_dispatcher_gates", **labels)


def outcomes(one, **labels):
    return one.metrics().sum("columba_dispatcher_records_total", **labels)


def delivered_by(one, app_id):
    return outcomes(one, app=app_id, outcome="delivered")


@pytest.fixture
def fake(tmp_path):
    started = FakeApnsOfCertificates(tmp_path / "apns").start()
    yield started
    started.stop()


def test_the_good_one_keeps_sending(gateways, fake):
    """FCM says that the project is denied, which latches; Apple that all tokens are bad, which is
    withheld."""
    gateway = gateways.open(started=False)
    gateway.settings["queue"]["partitions"] = PARTITIONS
    gateway.settings["apps"][IOS] = fake.app()
    gateway.prepare()
    gateway.start_ingress()
    good = gateway.start_dispatcher()
    apps = {APP_ID: gateway.fcm.app(project_id="another"), IOS: fake.app("sandbox.pem")}
    broken = gateway.start_dispatcher(apps=apps)
    gateway.ingress.wait_ready()
    wait_until("they share the partitions", lambda: is_shared(good, broken), 60, [good, broken])
    crowds = [Crowd(gateway, 200), Crowd(gateway, 200, "ok", fake, IOS, by_spelled_token)]

    for _ in range(2):
        delivered = {app_id: delivered_by(good, app_id) for app_id in apps}
        for crowd in crowds:
            crowd.send()
        wait_until("the broken one has latched", lambda: "latched" in states(broken), 20, [broken])
        for app_id, before in delivered.items():
            wait_until(
                f"the good one goes on delivering for {app_id}",
                lambda: delivered_by(good, app_id) > before,
                40,
                [good],
            )
            assert delivered_by(broken, app_id) == 0
    for outcome in ("moved", "rejected", "dead"):
        assert outcomes(good, outcome=outcome) == 0, "it had no trouble"
    assert states(good) == {"open"}
    assert gates(broken, reason="refused") == gates(broken) - gates(broken, state="open") == 1
    assert gates(good) == gates(good, state="open")
    withheld = "columba_dispatcher_withheld_total"
    assert good.metrics().sum(withheld) == 0 < broken.metrics().sum(withheld, app=IOS)

    assert broken.stop() == 0
    for crowd in crowds:
        crowd.wait_arrived()
    assert gateway.settled(outcome="rejected") == 0 and gateway.redis.keys("columba:v:*") == []
    assert states(good) == {"open"}
