"""../scenario/test_one_bad_neighbour_harms_nobody.py in the numbers that one has to live with."""

import pytest

from support.crowd import Crowd, notify
from support.matrix import APP_ID
from support.processes import wait_until

BROKEN = "chat.columba.broken"
APPS = [f"chat.columba.app{number}" for number in range(19)]
BACKLOG = 100_000
INVENTED = 10_000
SETTINGS = {
    "retry": {"delays": ["5s", "30s"]},
    "dispatcher": {"commit_interval": "100ms", "request_timeout": "30s"},
}

pytestmark = pytest.mark.long


def gates(gateway, **fields):
    lanes = gateway.dispatcher.get("/status").json()["lanes"]
    return [gate for lane in lanes for gate in lane["gates"] if fields.items() <= gate.items()]


def test_one_app_of_twenty_is_latched(gateways):
    gateway = gateways.open(SETTINGS, started=False)
    apps = {app_id: gateway.fcm.app() for app_id in APPS}
    gateway.settings["apps"] |= apps | {BROKEN: gateway.fcm.app(project_id="another")}
    gateway.start()
    broken = Crowd(gateway, BACKLOG, app_id=BROKEN)
    others = [Crowd(gateway, 50, app_id=app_id) for app_id in APPS]

    assert notify(broken) == []
    wait_until("its gate is latched", lambda: gates(gateway, app=BROKEN, state="latched"), 40)
    for _ in range(5):
        assert notify(*others) == []
        for one in others:
            one.wait_delivered_at_once()
    assert broken.arrived() == {}
    assert {gate["app"] for gate in gates(gateway) if gate["state"] != "open"} == {BROKEN}
    # All the while it goes from one retry topic to the next.
    wait_until("all of it waits, and no more", lambda: gateway.backlog("fcm")[0] == {BROKEN: BACKLOG}, 60)
    wait_until("what waits is lag", lambda: min(gateway.lag("fcm")) >= BACKLOG, 60)

    gateway.dispatcher.settings["apps"][BROKEN] = gateway.fcm.app()
    gateway.dispatcher.reconfigure()
    broken.wait_arrived(600)
    gateway.wait_backlog("fcm", 60)


def test_a_stranger_invents_tokens(gateways):
    gateway = gateways.open(SETTINGS)
    living = Crowd(gateway, 500).send().wait_delivered_at_once()

    for prefix in ("invalid", "dead"):
        invented = Crowd(gateway, INVENTED // 2, prefix)
        assert notify(invented, living) == []
        living.wait_delivered_at_once()
        wait_until("each has an outcome", lambda: invented.outcomes().total() >= len(invented), 120)
        assert set(invented.outcomes()) <= {"rejected", "moved"}
        living.send().wait_delivered_at_once()

    assert living.verdicts() == []
    assert {gate["state"] for gate in gates(gateway, app=APP_ID)} == {"open"}
