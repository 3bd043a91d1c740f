"""What other gateways are known to get wrong, a test each: pushes lost, held back or sent twice, and
healthy phones rejected, because something else was in trouble. The one row that takes a real broker is in
../system/test_a_broker_restarts_and_we_need_not.py."""

import contextlib
import subprocess
import urllib.parse

import pytest

from support.connect_proxy import PASSWORD, USER
from support.crowd import Crowd, at_endpoint, by_spelled_token, by_token
from support.fake_fcm import FakeFcm
from support.fake_provider import FakeApns, FakeEndpoint
from support.gateways import open_gateway
from support.matrix import APP_ID, device, notification, push, unique
from support.processes import REPOSITORY, Process, free_port, wait_until

IOS, UNIFIEDPUSH = "chat.columba.ios", "chat.columba.unifiedpush"
EXPIRED, PROXIED, MISTRUSTED = (f"chat.columba.{name}" for name in ("expired", "proxied", "mistrusted"))
TIMEOUT_S = 40  # longer than what others have to get done while one hangs


class ConnectProxy:
    """The way out of a closed network, on one port however often it is started."""

    def __init__(self, directory):
        self.directory = directory
        self.port = free_port()
        self.process = None

    @property
    def url(self):
        return f"http://{USER}:{urllib.parse.quote(PASSWORD)}@127.0.0.1:{self.port}"

    def start(self):
        self.process = Process(
            "connect_proxy",
            ["/usr/bin/python3", REPOSITORY / "tests/support/connect_proxy.py", self.port],
            self.directory / "proxy.log",
            output=subprocess.PIPE,
        )
        self.process.first_line()

    def kill(self):
        self.process.kill()


class House:
    """One dispatcher of many apps, their providers, and what lies between."""

    def __init__(self, directory, stack):
        self.fakes = {}
        for name, kind in (("apns", FakeApns), ("endpoint", FakeEndpoint), ("stranger", FakeFcm)):
            self.fakes[name] = kind(directory / name).start()
            stack.callback(self.fakes[name].stop)
        self.proxy = ConnectProxy(directory)
        self.proxy.start()
        stack.callback(self.proxy.kill)
        self.gateway = None

    def apps(self, fcm):
        return {
            APP_ID: fcm.app(),
            IOS: self.fakes["apns"].app(),
            UNIFIEDPUSH: self.fakes["endpoint"].unifiedpush(),
            MISTRUSTED: self.fakes["endpoint"].unifiedpush(ca_file=fcm.ready["ca_file"]),
            # Its tokens are another service's: to this one they are as good as expired.
            EXPIRED: self.fakes["stranger"].app(base_url=fcm.url, ca_file=fcm.ready["ca_file"]),
            PROXIED: fcm.app(proxy=self.proxy.url),
        }

    def crowd(self, count, app_id=APP_ID, prefix="ok"):
        """Phones of one of the apps."""
        endpoint = self.fakes["endpoint"]
        ways = {
            IOS: (self.fakes["apns"], by_spelled_token),
            UNIFIEDPUSH: (endpoint, at_endpoint(endpoint)),
            MISTRUSTED: (endpoint, at_endpoint(endpoint, "127.0.0.1")),
        }
        provider, register = ways.get(app_id, (self.gateway.fcm, by_token))
        return Crowd(self.gateway, count, prefix, provider, app_id, register)


@pytest.fixture(scope="module")
def house(tmp_path_factory, make_queue):
    directory = tmp_path_factory.mktemp("house")
    with contextlib.ExitStack() as stack:
        made = House(directory, stack)
        queue = stack.enter_context(make_queue(directory))
        settings = {"dispatcher": {"request_timeout": f"{TIMEOUT_S}s"}}
        gateway = stack.enter_context(open_gateway(directory, queue, settings, started=False))
        gateway.settings["apps"] = made.apps(gateway.fcm)
        made.gateway = gateway.start()
        made.programs = list(gateway.programs)
        yield made
        assert gateway.programs == made.programs, "nothing was restarted"


def test_an_outage_rejects_no_one(house):
    phones = house.crowd(60)

    house.gateway.fcm.stop()
    phones.send().wait_settled(1, outcome="moved")
    assert phones.notify() == [], "nor does the next event"
    house.gateway.fcm.start()

    phones.wait_arrived()
    assert house.gateway.settled(outcome="rejected") == 0
    assert house.gateway.redis.keys("columba:v:*") == []


def test_one_expired_credential_does_not_stop_other_apps(house):
    expired, living = house.crowd(40, EXPIRED), house.crowd(200)
    moved = living.settled(outcome="moved")

    expired.send().wait_settled(3, outcome="moved")
    living.send().wait_arrived()

    assert living.settled(outcome="moved") == moved, "none of them had to wait"
    assert expired.arrived() == {}
    assert expired.settled(outcome="rejected") + expired.settled(outcome="dead") == 0
    house.gateway.dispatcher.settings["apps"][EXPIRED] = house.gateway.fcm.app()
    house.gateway.dispatcher.reconfigure()
    expired.wait_arrived()


def test_a_slow_provider_does_not_starve_another(house):
    # Fewer than the quarter of in_flight beyond which they would be moved.
    slow, others = house.crowd(200), [house.crowd(100, IOS), house.crowd(100, UNIFIEDPUSH)]
    settled = slow.settled()

    house.gateway.fcm.control(answer="hang")
    slow.send()
    wait_until("the slow one is asked", slow.asked, 20)
    for crowd in others:
        crowd.send()
    for crowd in others:
        crowd.wait_arrived(TIMEOUT_S)
    assert slow.settled() == settled, "nothing was answered meanwhile"

    house.gateway.fcm.control(answer=None)
    house.gateway.fcm.stop()
    house.gateway.fcm.start()
    slow.wait_arrived()


def test_a_proxy_restarts_and_we_need_not(house):
    before, meanwhile = house.crowd(20, PROXIED), house.crowd(20, PROXIED)
    before.send().wait_arrived()

    house.proxy.kill()
    meanwhile.send().wait_settled(1, outcome="moved")
    assert meanwhile.arrived() == {}
    house.proxy.start()

    meanwhile.wait_arrived()


def test_429_loses_nothing(house):
    phones, endpoints = house.crowd(60), house.crowd(20, UNIFIEDPUSH, "toomany1")

    house.gateway.fcm.control(answer="quota1")
    phones.send().wait_settled(1, outcome="moved", reason="QUOTA_EXCEEDED")
    endpoints.send().wait_settled(len(endpoints), outcome="moved")
    house.gateway.fcm.control(answer=None)
    for name in endpoints.names:
        endpoints.provider.control(revive=name)

    phones.wait_arrived()
    endpoints.wait_arrived()
    assert house.gateway.settled(outcome="dead") == 0


def test_a_retry_after_a_failed_send_is_not_taken_for_a_duplicate(house):
    pushkey = unique("internal")
    body = push(pushkey)

    assert house.gateway.notify(body).rejected == []
    house.gateway.wait_outcomes(pushkey, outcome="moved")
    house.gateway.fcm.control(revive=pushkey)
    assert house.gateway.notify(body).rejected == [], "the homeserver repeats it"
    house.gateway.wait_outcomes(pushkey, outcome="dropped")

    assert len(house.gateway.fcm.delivered(pushkey)) == 1
    assert sorted(set(house.gateway.outcomes(pushkey))) == ["delivered", "dropped", "moved"]


def test_devices_beyond_the_first_are_handled(house):
    """Whatever the first is, and whichever of the others is in trouble."""
    dead, slow, phone = unique("dead"), unique("internal"), unique()
    (ios,), (endpoint,) = house.crowd(1, IOS).devices, house.crowd(1, UNIFIEDPUSH).devices
    devices = [device("nobody's", "chat.columba.unknown"), device("", IOS), device(dead), device(slow), device(phone), ios, endpoint]

    assert house.gateway.notify(notification(*devices)).rejected == [""]

    house.gateway.wait_outcomes(dead, outcome="rejected")
    house.gateway.wait_outcomes(slow, outcome="moved")
    house.gateway.fcm.control(revive=slow)
    for pushkey, app_id in ((slow, APP_ID), (phone, APP_ID), (ios["pushkey"], IOS), (endpoint["pushkey"], UNIFIEDPUSH)):
        house.gateway.wait_outcomes(pushkey, outcome="delivered", app_id=app_id)
    assert house.gateway.notify(notification(*devices)).rejected == ["", dead]


def test_one_tls_fault_does_not_reject_the_pushkeys_of_a_host(house):
    phones = house.crowd(30, MISTRUSTED)

    phones.send().wait_settled(3, outcome="moved")
    assert phones.notify() == []
    assert phones.asked() == 0 and phones.verdicts() == []
    house.gateway.dispatcher.settings["apps"][MISTRUSTED] = house.fakes["endpoint"].unifiedpush()
    house.gateway.dispatcher.reconfigure()

    phones.wait_arrived()


def test_messages_after_a_goaway_are_not_lost(house):
    """Shutdown between, and during, bursts; and streams above the last that was looked at. What comes
    twice had its answer cut off."""
    apns = house.fakes["apns"]
    crowds = [house.crowd(5, IOS, "goaway").send()]

    for _ in range(6):
        crowds.append(house.crowd(50, IOS).send())
        apns.control(close=True)
    for crowd in crowds:
        crowd.wait_arrived(twice=len(crowd))
    metrics = house.gateway.dispatcher.metrics()
    uncertain = metrics.sum("columba_dispatcher_uncertain_total", app=IOS)
    assert sum(crowd.twice() for crowd in crowds) <= uncertain
