"""With the wrong credential a provider calls every phone unknown. None is rejected for that, an alarm
says it, and with the right one back all that was sent arrives; while a dead phone of a living app is
found. A credential is another one by its file or by the configuration, in all pods or in some."""

import contextlib
import json
import os
from pathlib import Path

import pytest
from certificates import write_ec_key

from support.crowd import Crowd, as_browser, at_endpoint, by_spelled_token, by_token
from support.fake_provider import FakeApnsOfCertificates, FakeEndpoint
from support.gateways import open_gateway

PHONES = 60  # those that have succeeded before have earned as many rejects


class Ward:
    """A gateway with an app, or several, of each provider; a test has its app for itself."""

    def __init__(self, directory, stack):
        self.directory = directory
        self.apns = FakeApnsOfCertificates(directory / "apns").start()
        stack.callback(self.apns.stop)
        self.endpoint = FakeEndpoint(directory / "endpoint").start()
        stack.callback(self.endpoint.stop)
        self.certificate = directory / "rotated.pem"
        self.gateway = None

    def apps(self, fcm):
        names = ("mismatch", "invalid", "notfound", "small", "restarted", "reloaded")
        self.replace(self.certificate, self.apns.directory / "client.pem")
        return {
            **{f"fcm.{name}": fcm.app() for name in names},
            "apns.small": self.apns.app(),
            "apns.wrong": self.apns.app(),
            "apns.rotated": self.apns.app(certfile=str(self.certificate)),
            "webpush.wrong": self.endpoint.webpush(),
            "unifiedpush.gone": self.endpoint.unifiedpush(),
        }

    @staticmethod
    def replace(path, source):
        """As Kubernetes does: another file in its place from one instant to the next."""
        fresh = Path(f"{path}.fresh")
        fresh.write_bytes(Path(source).read_bytes())
        os.replace(fresh, path)

    def other_vapid_key(self):
        path = self.directory / "other-vapid.pem"
        write_ec_key(path)
        return str(path)

    def other_account(self, fcm):
        """A service account that is another one, and that Google's token endpoint takes."""
        with open(fcm.ready["service_account_file"], encoding="utf-8") as file:
            account = json.load(file)
        path = self.directory / "other-account.json"
        path.write_text(json.dumps(account | {"client_id": "another"}))
        return str(path)

    def crowd(self, app_id, count=PHONES, prefix="ok"):
        ways = {
            "fcm": (self.gateway.fcm, by_token),
            "apns": (self.apns, by_spelled_token),
            "webpush": (self.endpoint, as_browser(self.endpoint)),
            "unifiedpush": (self.endpoint, at_endpoint(self.endpoint)),
        }
        provider, register = ways[app_id.partition(".")[0]]
        return Crowd(self.gateway, count, prefix, provider, app_id, register)

    def configure(self, app_id, app):
        """Rolls it out."""
        dispatcher = self.gateway.dispatcher
        dispatcher.settings["apps"][app_id] = app
        dispatcher.reconfigure()

    def withheld(self, app_id):
        metrics = self.gateway.dispatcher.metrics()
        return metrics.sum("columba_dispatcher_withheld_total", app=app_id)

    def gates(self, app_id):
        """How the gates of the app are, as /status has it."""
        (lane,) = [
            lane
            for lane in self.gateway.dispatcher.get("/status").json()["lanes"]
            if lane["lane"] == app_id.partition(".")[0]
        ]
        return {gate["state"] for gate in lane["gates"] if gate["app"] == app_id}


@pytest.fixture(scope="module")
def ward(tmp_path_factory, make_queue):
    directory = tmp_path_factory.mktemp("ward")
    with contextlib.ExitStack() as stack:
        made = Ward(directory, stack)
        queue = stack.enter_context(make_queue(directory))
        settings = {"retry": {"delays": ["500ms", "2s"]}}
        gateway = stack.enter_context(open_gateway(directory, queue, settings, started=False))
        gateway.settings["apps"] = made.apps(gateway.fcm)
        made.gateway = gateway.start()
        yield made


def call_everybody_unknown(ward, crowd, reason):
    """The next push of each is answered so, and nobody is rejected for it."""
    before = ward.withheld(crowd.app_id)

    crowd.send().wait_settled(len(crowd), outcome="moved", reason=reason)

    assert ward.withheld(crowd.app_id) >= before + len(crowd)
    assert crowd.settled(outcome="rejected") == 0
    assert crowd.verdicts() == []
    assert crowd.send().settled(outcome="rejected") == 0


def test_the_certificate_of_another_environment(ward):
    phones = ward.crowd("apns.wrong").send().wait_arrived()

    ward.configure("apns.wrong", ward.apns.app("sandbox.pem"))
    call_everybody_unknown(ward, phones, "BadDeviceToken")
    ward.configure("apns.wrong", ward.apns.app())

    phones.wait_arrived()
    assert phones.settled(outcome="rejected") + phones.settled(outcome="dead") == 0


def test_a_certificate_that_is_replaced_in_its_file(ward):
    """What was earned with the one from before is worth nothing, from the first push on."""
    phones = ward.crowd("apns.rotated").send().wait_arrived()

    ward.replace(ward.certificate, ward.apns.directory / "sandbox.pem")
    call_everybody_unknown(ward, phones, "BadDeviceToken")
    ward.replace(ward.certificate, ward.apns.directory / "client.pem")

    phones.wait_arrived()
    assert phones.settled(outcome="rejected") + phones.settled(outcome="dead") == 0


@pytest.mark.parametrize(
    "answer, reason",
    [("mismatch", "SENDER_ID_MISMATCH"), ("invalid", "INVALID_ARGUMENT"), ("notfound", "NOT_FOUND")],
)
def test_the_service_account_of_another_project(ward, answer, reason):
    fcm = ward.gateway.fcm
    phones = ward.crowd(f"fcm.{answer}").send().wait_arrived()

    ward.configure(phones.app_id, fcm.app(service_account_file=ward.other_account(fcm)))
    fcm.control(answer=answer)
    call_everybody_unknown(ward, phones, reason)
    fcm.control(answer=None)
    ward.configure(phones.app_id, fcm.app())

    phones.wait_arrived()
    assert phones.settled(outcome="rejected") + phones.settled(outcome="dead") == 0


def test_a_vapid_key_that_the_subscriptions_are_not_bound_to(ward):
    phones = ward.crowd("webpush.wrong").send().wait_arrived()

    ward.configure(phones.app_id, ward.endpoint.webpush(vapid_private_key=ward.other_vapid_key()))
    call_everybody_unknown(ward, phones, "vapid_mismatch")
    ward.configure(phones.app_id, ward.endpoint.webpush())

    phones.wait_arrived()
    assert phones.settled(outcome="rejected") + phones.settled(outcome="dead") == 0


def meet_the_dead_first(ward, app_id, prefix):
    """Nothing is concluded from them before anybody has succeeded; then they are found."""
    dead, living = ward.crowd(app_id, 5, prefix), ward.crowd(app_id, 5)

    dead.send().wait_settled(2 * len(dead), outcome="moved")
    assert dead.settled(outcome="rejected") == 0 and dead.verdicts() == []
    assert ward.gates(app_id) == {"open"}, "nothing is latched by mistake"

    living.send().wait_arrived()
    dead.wait_settled(len(dead), outcome="rejected")
    assert dead.verdicts() == dead.names
    assert living.verdicts() == []
    assert sorted(dead.notify()) == sorted(dead.pushkeys)


@pytest.mark.parametrize("app_id, prefix", [("fcm.small", "invalid"), ("apns.small", "bad")])
def test_a_small_app_whose_first_push_meets_a_dead_phone(ward, app_id, prefix):
    meet_the_dead_first(ward, app_id, prefix)


def test_a_host_whose_first_push_meets_an_endpoint_that_is_gone(ward):
    dead, living = ward.crowd("unifiedpush.gone", 2, "gone"), ward.crowd("unifiedpush.gone", 5)

    dead.send().wait_settled(2 * len(dead), outcome="moved")
    assert dead.verdicts() == []
    living.send().wait_arrived()

    dead.wait_settled(len(dead), outcome="rejected")
    assert dead.verdicts() == dead.names and living.verdicts() == []


def test_a_reloaded_credential_that_meets_a_dead_phone_first(ward):
    fcm = ward.gateway.fcm
    ward.crowd("fcm.reloaded").send().wait_arrived()

    ward.configure("fcm.reloaded", fcm.app(service_account_file=ward.other_account(fcm)))

    meet_the_dead_first(ward, "fcm.reloaded", "notfound")


def test_a_fresh_pod_that_meets_a_dead_phone_first(ward):
    ward.crowd("fcm.restarted").send().wait_arrived()

    assert ward.gateway.dispatcher.stop() == 0
    ward.gateway.start_dispatcher().wait_ready()

    meet_the_dead_first(ward, "fcm.restarted", "mismatch")
