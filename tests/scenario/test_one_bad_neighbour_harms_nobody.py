"""A host that hangs, a flood of invented hosts or tokens, an app whose configuration is broken, a phone
that gets half of all pushes: the others' are sent at once meanwhile, each at its first try. The lag and
the backlog of each app say what was sent and has not arrived, and nothing when it has."""

import contextlib
import socket

import pytest

from support.crowd import Crowd, at_endpoint, by_spelled_token, by_token, notify
from support.fake_provider import FakeApns, FakeEndpoint
from support.gateways import open_gateway
from support.matrix import APP_ID, device, notification, unique
from support.processes import free_port, wait_until

UNIFIEDPUSH, IOS, BROKEN = "chat.columba.unifiedpush", "chat.columba.ios", "chat.columba.broken"
HOSTS = 50
INVENTED_HOSTS = 1000
APPS = [f"chat.columba.app{number}" for number in range(19)]
INVENTED_TOKENS = 700
BACKLOG = 1000  # of the broken app
TIMEOUT_S = 6  # of a request: what hangs does so for longer than others need


class Street:
    """A gateway with neighbours of all kinds."""

    def __init__(self, directory, stack):
        self.endpoint = FakeEndpoint(directory / "endpoint", HOSTS).start()
        stack.callback(self.endpoint.stop)
        self.apns = FakeApns(directory / "apns").start()
        stack.callback(self.apns.stop)
        self.gateway = None

    def apps(self, fcm):
        return {
            APP_ID: fcm.app(),
            **{app_id: fcm.app() for app_id in APPS},
            BROKEN: fcm.app(project_id="another"),
            IOS: self.apns.app(),
            UNIFIEDPUSH: self.endpoint.unifiedpush(),
        }

    def crowd(self, count, app_id=APP_ID, prefix="ok"):
        ways = {IOS: (self.apns, by_spelled_token)}
        provider, register = ways.get(app_id, (self.gateway.fcm, by_token))
        return Crowd(self.gateway, count, prefix, provider, app_id, register)

    def endpoints(self, count, host, prefix="ok"):
        register = at_endpoint(self.endpoint, host)
        return Crowd(self.gateway, count, prefix, self.endpoint, UNIFIEDPUSH, register)

    def gates(self, **fields):
        """Those of /status that have these fields."""
        return [
            gate
            for lane in self.gateway.dispatcher.get("/status").json()["lanes"]
            for gate in lane["gates"]
            if fields.items() <= gate.items()
        ]


@pytest.fixture(scope="module")
def street(tmp_path_factory, make_queue):
    directory = tmp_path_factory.mktemp("street")
    with contextlib.ExitStack() as stack:
        made = Street(directory, stack)
        queue = stack.enter_context(make_queue(directory))
        settings = {
            "retry": {"delays": ["3s", "10s"]},
            "dispatcher": {"request_timeout": f"{TIMEOUT_S}s", "drain_timeout": "500ms", "commit_interval": "100ms"},
        }
        gateway = stack.enter_context(open_gateway(directory, queue, settings, started=False))
        gateway.settings["apps"] = made.apps(gateway.fcm)
        made.gateway = gateway.start()
        yield made


@contextlib.contextmanager
def silence():
    """The port of all of loopback where connections are taken, and never a word is said."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        listener.bind(("0.0.0.0", free_port()))
        listener.listen(4096)
        yield listener.getsockname()[1]


def assert_sent_at_once(*crowds):
    """All arrived, and none took the way through a retry topic."""
    for one in crowds:
        one.wait_delivered_at_once()


def test_one_host_of_fifty_hangs(street):
    first, *others = street.endpoint.hosts
    neighbours = [street.endpoints(5, host) for host in others]
    before, hung = street.endpoints(5, first), street.endpoints(300, first, "hang")
    assert notify(before, *neighbours) == []
    assert_sent_at_once(before, *neighbours)

    for _ in range(2):
        assert notify(hung, *neighbours) == []
        assert_sent_at_once(*neighbours)
    assert hung.arrived() == {}
    (gate,) = street.gates(host=f"https://{first}:{street.endpoint.port}")
    assert gate["state"] != "open" or gate["in_flight"] + gate["waiting"] > 0

    wait_until("the host has to wait", lambda: street.gates(host=gate["host"])[0]["state"] != "open", 2 * TIMEOUT_S)
    shut = street.gateway.dispatcher.metrics().sum("columba_dispatcher_gates", reason="unreachable")
    assert shut >= 1, "the metrics say why"
    assert notify(*neighbours) == []
    assert_sent_at_once(*neighbours)
    assert hung.outcomes()["rejected"] + hung.outcomes()["dead"] == 0
    street.gateway.wait_backlog("unifiedpush", **{UNIFIEDPUSH: hung.missing()})

    hung.revive().wait_arrived()
    street.gateway.wait_backlog("unifiedpush")


def test_a_thousand_invented_hosts_hang(street):
    neighbours = [street.endpoints(10, host) for host in street.endpoint.hosts[10:20]]
    assert notify(*neighbours) == []
    assert_sent_at_once(*neighbours)

    with silence() as port:
        invented = [
            device(f"https://127.{2 + number // 250}.1.{number % 250 + 1}:{port}/up/x", UNIFIEDPUSH)
            for number in range(INVENTED_HOSTS)
        ]
        for at in range(0, INVENTED_HOSTS, 100):
            assert street.gateway.notify(notification(*invented[at : at + 100])).rejected == []
            assert notify(*neighbours) == []
        assert_sent_at_once(*neighbours)
    assert street.gateway.settled(app=UNIFIEDPUSH, outcome="rejected") == 0
    street.gateway.wait_backlog("unifiedpush", **{UNIFIEDPUSH: INVENTED_HOSTS})


def test_one_app_of_twenty_is_latched(street):
    broken, others = street.crowd(BACKLOG, BROKEN), [street.crowd(10, app_id) for app_id in APPS]
    broken.send()
    wait_until("its gate is latched", lambda: street.gates(app=BROKEN, state="latched"), 40)

    for _ in range(2):
        assert notify(*others) == []
        assert_sent_at_once(*others)
        assert broken.arrived() == {}
    (gate,) = street.gates(app=BROKEN)
    assert gate["state"] == "latched" and gate["reason"]
    assert not [gate for gate in street.gates() if gate["app"] in APPS and gate["state"] != "open"]
    street.gateway.wait_backlog("fcm", **{BROKEN: BACKLOG})

    street.gateway.dispatcher.settings["apps"][BROKEN] = street.gateway.fcm.app()
    street.gateway.dispatcher.reconfigure()
    broken.wait_arrived(90)
    street.gateway.wait_backlog("fcm")


def test_one_phone_gets_half_of_all_pushes(street):
    hot, others = unique("slow20"), street.crowd(300)

    for phone in others.devices:
        assert street.gateway.notify(notification(device(hot), phone)).rejected == []
    others.sent += 1
    assert_sent_at_once(others)
    served = len(street.gateway.fcm.delivered(hot))

    assert served < len(others), "it is still at it"
    wait_until(
        "what it has not got yet waits for it",
        lambda: len(street.gateway.fcm.delivered(hot)) + street.gateway.lag("fcm")[0] == len(others),
        40,
    )
    street.gateway.fcm.control(revive=hot)
    street.gateway.wait_backlog("fcm")
    assert len(street.gateway.fcm.delivered(hot)) == len(others)


def test_a_burst_for_one_phone_needs_no_round_through_a_retry_topic(street):
    app_id, phone = APPS[0], unique("slow20")
    moved = street.gateway.settled(app=app_id, outcome="moved")

    for _ in range(50):
        assert street.gateway.notify(notification(device(phone, app_id))).rejected == []
    wait_until("all of it arrived", lambda: len(street.gateway.fcm.delivered(phone)) == 50, 40)
    assert street.gateway.settled(app=app_id, outcome="moved") == moved


@pytest.mark.parametrize(
    "app_id, prefix", [(APP_ID, "invalid"), (APP_ID, "dead"), (IOS, "bad")], ids=["invalid", "unregistered", "bad"]
)
def test_a_stranger_invents_tokens(street, app_id, prefix):
    living, invented = street.crowd(100, app_id), street.crowd(INVENTED_TOKENS, app_id, prefix)
    lane = "apns" if app_id == IOS else "fcm"
    assert_sent_at_once(living.send())

    named = []
    for _ in range(2):
        named += notify(invented, living)
        assert_sent_at_once(living)
    assert not set(named) & set(living.pushkeys)
    wait_until("each has an outcome", lambda: invented.outcomes().total() >= len(invented), 40)
    assert set(invented.outcomes()) <= {"rejected", "moved", "dropped"}
    assert {gate["state"] for gate in street.gates(app=app_id)} == {"open"}
    assert living.verdicts() == []
    assert invented.arrived() == {}
    assert_sent_at_once(living.send())

    def withheld():
        ended = invented.outcomes()
        count = invented.missing() - len(named) - ended["rejected"] - ended["dropped"]
        return {app_id: count} if count else {}

    wait_until("what is neither rejected nor sent waits", lambda: street.gateway.backlog(lane)[0] == withheld(), 30)
    invented.revive()
    street.gateway.wait_backlog(lane)
