"""APNs by a certificate in place of a key: in each form that operators have it, until it ends, which
is said long before."""

import base64
import shutil

import certificates
import pytest

from support.fake_provider import FakeApnsOfCertificates
from support.matrix import device, notification, unique
from support.processes import wait_until

PROVIDER = FakeApnsOfCertificates
PEM, LOCKED, PKCS12, OVER, STRANGE = (
    f"chat.columba.{name}" for name in ("pem", "locked", "pkcs12", "over", "strange")
)
GOOD = (PEM, LOCKED, PKCS12)


def apps(fake):
    password = fake.ready["certificate_password"]
    certificates.write_client(fake.directory, "over", password.encode(), days=-0.5)
    certificates.write_client(fake.directory, "strange", password.encode(), days=400)
    return {
        PEM: fake.app("client.pem"),
        LOCKED: fake.app("client_locked.pem", password),
        PKCS12: fake.app("client.p12", password),
        OVER: fake.app("over.p12", password),
        STRANGE: fake.app("strange.pem", topic=fake.ready["topic"]),
    }


def pushkey_of(name):
    return base64.b64encode(name.encode()).decode()


def push(name, app_id):
    return notification(device(pushkey_of(name), app_id))


def days_left(gateway, app_id):
    metrics = gateway.dispatcher.metrics()
    return metrics.sum("columba_dispatcher_credential_days_left", app=app_id)


def log_events(gateway, event):
    """What the dispatcher has said so, by app."""
    lines = gateway.dispatcher.log_lines()
    return {line["app_id"]: line for line in lines if line["event"] == event}


@pytest.mark.parametrize("app_id", GOOD)
def test_a_certificate_stands_in_for_a_token(served, fake, app_id):
    name = unique()

    assert served.notify(push(name, app_id)).rejected == []
    (got,) = fake.wait_for(name)

    assert "authorization" not in got["headers"]
    assert "apns-topic" not in got["headers"]
    assert served.wait_outcomes(pushkey_of(name), app_id=app_id) == ["delivered"]


@pytest.mark.parametrize("app_id", [OVER, STRANGE])
def test_a_certificate_that_apple_does_not_take_rejects_nobody(served, fake, app_id):
    name = unique()

    assert served.notify(push(name, app_id)).rejected == []
    served.wait_outcomes(pushkey_of(name), outcome="moved", app_id=app_id)

    assert served.notify(push(name, app_id)).rejected == []
    assert fake.received(name) == []


def test_the_days_that_are_left_are_known(served):
    for app_id in GOOD:
        assert 19 < days_left(served, app_id) <= 20
    assert 399 < days_left(served, STRANGE) <= 400
    assert -1 < days_left(served, OVER) < 0


def test_the_end_is_said_a_month_before(served):
    warned = wait_until(
        "warnings of three certificates",
        lambda: len(found := log_events(served, "credential_expires")) == len(GOOD) and found,
        10,
    )
    assert set(warned) == set(GOOD)
    assert all(line["days_left"] == 19 for line in warned.values())
    assert set(log_events(served, "credential_expired")) == {OVER}


def test_a_new_certificate_takes_new_connections_by_itself(gateways, fake, tmp_path):
    """With the old one, a connection stands on which Apple knows no device; it is not the one that
    the next push takes."""
    certificate = tmp_path / "apns.pem"
    shutil.copy(fake.directory / "sandbox.pem", certificate)
    app_id = "chat.columba.rotated"
    app = fake.app("client.pem") | {"certfile": str(certificate)}
    gateway = gateways.open({"apps": {app_id: app}})
    name = unique()
    assert gateway.notify(push(name, app_id)).rejected == []
    gateway.wait_outcomes(pushkey_of(name), outcome="moved", app_id=app_id)

    fresh = certificate.with_suffix(".fresh")
    shutil.copy(fake.directory / "client.pem", fresh)
    fresh.replace(certificate)

    fake.wait_for(name, timeout_s=60)
    gateway.wait_outcomes(pushkey_of(name), outcome="delivered", app_id=app_id)
    assert "rejected" not in gateway.outcomes(pushkey_of(name), app_id)
