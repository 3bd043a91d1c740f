"""A sygnal.yaml, as an operator of Sygnal has it, starts both programs: they listen where Sygnal did,
and every app that Sygnal served gets its pushes."""

import base64
import contextlib
import copy
import json
from unittest import mock

import pytest

from support import http_client
from support.columba import Program, run, yaml
from support.fake_provider import FakeApns, FakeEndpoint
from support.gateways import open_gateway
from support.matrix import device, notification, unique
from support.processes import free_port, is_listening

IOS, ANDROID, WEB = "org.example.ios", "org.example.android.debug", "org.example.web"
LEGACY, GONE = "org.example.legacy", "org.example.gone"


def two_free_ports():
    """The second is next to the first."""
    while True:
        port = free_port()
        if not is_listening(port + 1):
            return port


ADDRESSES = ["127.0.0.1", "127.0.0.2"]


def sygnal(ports, apps):
    """What Sygnal 0.17 reads, with what older versions left behind."""
    return {
        "log": {
            "setup": {
                "version": 1,
                "handlers": {"out": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"}},
                "root": {"handlers": ["out"], "level": "INFO"},
            },
            "access": {"x_forwarded_for": True},
        },
        "http": {"bind_addresses": ADDRESSES, "port": ports["http"]},
        "metrics": {
            "prometheus": {"enabled": True, "address": "127.0.0.1", "port": ports["metrics"]},
            "opentracing": {"enabled": False, "implementation": "jaeger", "service_name": "sygnal"},
            "sentry": {"enabled": False, "dsn": ""},
        },
        "db": {"name": "sqlite3"},
        "apps": apps,
    }


class Sygnals:
    """A gateway whose programs read a file of Sygnal's; what only Columba knows, and what leads to
    the fakes, is in the sections and keys that Sygnal does not heed."""

    def __init__(self, gateway, apple, browser):
        self.gateway, self.apple, self.browser = gateway, apple, browser
        self.ports = {"http": free_port(), "metrics": two_free_ports()}
        self.config = {
            **sygnal(self.ports, self.apps()),
            "queue": {
                key: value for key, value in gateway.settings["queue"].items()
                if key not in ("brokers", "replication")
            },
            "ingress": {"workers": 2, "drain_delay": "0s"},
            "retry": gateway.settings["retry"],
        }
        self.environment = {
            "COLUMBA_QUEUE_BROKERS": gateway.queue.bootstrap,
            "COLUMBA_QUEUE_REPLICATION": "1",
            "COLUMBA_REDIS_ADDRESS": f"127.0.0.1:{gateway.redis.port}",
        }

    def apps(self):
        ios = self.apple.app(inflight_request_limit=512, platform="production")
        android = self.gateway.fcm.app(type="gcm", max_connections=20, api_key="of-long-ago")
        web = self.browser.webpush(max_connections=20, ttl=900, allowed_endpoints=["localhost"])
        return {
            IOS: ios,
            "org.example.android.*": android,
            WEB: web,
            LEGACY: {"type": "gcm", "api_key": "of-long-ago"},
            GONE: {"type": "retired"},
        }

    def without_keys(self):
        """As it is where there is no key: not one of the files exists."""
        config = copy.deepcopy(self.config)
        for app in config["apps"].values():
            for key in ("keyfile", "service_account_file", "vapid_private_key"):
                if key in app:
                    app[key] = "/nonexistent/" + key
        return config

    def write(self, name, config):
        path = self.gateway.directory / f"{name}.yaml"
        path.write_text(yaml(config) + "\n")
        return path

    def start(self):
        self.gateway.prepare()
        for name, config, admin_port, port in (
            ("columba-ingress", self.without_keys(), self.ports["metrics"], self.ports["http"]),
            ("columba-dispatcher", self.config, self.ports["metrics"] + 1, None),
        ):
            path = self.write(f"sygnal-{name}", config)
            log_path = self.gateway.directory / f"{name}.log"
            self.gateway.programs.append(Program(name, path, log_path, admin_port, port))
        self.gateway.ingress.wait_ready()
        self.gateway.dispatcher.wait_ready()
        return self


@pytest.fixture(scope="module")
def own(tmp_path_factory, make_queue):
    directory = tmp_path_factory.mktemp("sygnal")
    with contextlib.ExitStack() as stack:
        fakes = [fake(tmp_path_factory.mktemp(fake.NAME)).start() for fake in (FakeApns, FakeEndpoint)]
        for fake in fakes:
            stack.callback(fake.stop)
        queue = stack.enter_context(make_queue(directory))
        gateway = stack.enter_context(open_gateway(directory, queue, started=False))
        sygnals = Sygnals(gateway, *fakes)
        with mock.patch.dict("os.environ", sygnals.environment):
            sygnals.start()
        yield sygnals


@pytest.fixture
def gateway(own):
    return own.gateway


def test_an_iphone(own, gateway):
    name = unique()

    body = notification(device(base64.b64encode(name.encode()).decode(), IOS))
    assert gateway.notify(body).rejected == []

    (got,) = own.apple.wait_for(name)
    assert got["body"]["event_id"] == body["notification"]["event_id"]


def test_an_android_phone_of_a_glob(gateway):
    pushkey = unique()

    body = notification(device(pushkey, ANDROID))
    assert gateway.notify(body).rejected == []

    data = gateway.fcm.wait_for(pushkey)[0]["body"]["message"]["data"]
    assert data["event_id"] == body["notification"]["event_id"]


def test_a_browser(own, gateway):
    name = unique()
    pushkey, data = own.browser.subscription(name)

    body = notification(device(pushkey, WEB, data=data))
    assert gateway.notify(body).rejected == []

    (got,) = own.browser.wait_for(name)
    assert got["plaintext"]["event_id"] == body["notification"]["event_id"]
    assert got["headers"]["ttl"] == "900"


def test_all_of_them_in_one_request(own, gateway):
    phone, android, tab, gone = unique(), unique(), unique(), unique()
    p256dh, data = own.browser.subscription(tab)

    body = notification(
        device(base64.b64encode(phone.encode()).decode(), IOS),
        device(android, ANDROID),
        device(p256dh, WEB, data=data),
        device(gone, GONE),
    )
    assert gateway.notify(body).rejected == [gone]

    own.apple.wait_for(phone)
    gateway.fcm.wait_for(android)
    own.browser.wait_for(tab)


def test_an_app_that_is_left_out_loses_no_pusher(gateway):
    counted = gateway.ingress.metrics().sum("columba_ingress_unknown_app_total")

    assert gateway.notify(notification(device(unique(), LEGACY))).rejected == []

    assert gateway.ingress.metrics().sum("columba_ingress_unknown_app_total") == counted + 1


def test_what_is_not_taken_over_is_said_once_by_each(gateway):
    for program in (gateway.ingress, gateway.dispatcher):
        notes = [line for line in program.log_lines() if line["event"] == "config_sygnal_note"]
        said = [note["key"] for note in notes]
        assert sorted(said) == sorted(set(said))
        assert {
            f"apps.{LEGACY}", f"apps.{IOS}.inflight_request_limit", f"apps.{WEB}.max_connections",
            "log.setup", "log.access.x_forwarded_for", "metrics.prometheus.enabled", "db",
        } <= set(said)
        for note in notes:
            assert note["line"] > 0 and ":" in note["reason"], note


def test_health_is_where_load_balancers_ask(own):
    assert http_client.get(own.ports["http"], "/health").status == 200


@pytest.mark.parametrize("address", ADDRESSES)
def test_it_is_served_at_each_address(own, gateway, address):
    pushkey = unique()

    with http_client.Client(own.ports["http"], host=address) as client:
        assert client.notify(notification(device(pushkey, ANDROID))).rejected == []

    gateway.fcm.wait_for(pushkey)


def test_columbactl_reads_it_and_writes_it_as_its_own(own, tmp_path):
    path = own.write("to-import", own.config)
    with mock.patch.dict("os.environ", own.environment):
        output, _ = run("columbactl", "config", "import", path)
        imported = tmp_path / "columba.yaml"
        imported.write_text(output)
        checks = [
            json.loads(run("columbactl", "--json", "--config", one, "config", "check")[0])
            for one in (path, imported)
        ]

    assert checks[0]["apps"] == checks[1]["apps"]
    assert [app["app_id"] for app in checks[0]["apps"]] == [IOS, "org.example.android.*", WEB, GONE]
    assert LEGACY in output and "service account key" in output
