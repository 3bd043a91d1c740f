"""The certificate of an app has expired before its first push, and is mended after the last: all of them
are delivered then, without a restart, and nobody was rejected."""

import base64
import os
import shutil

import certificates

from support.fake_provider import FakeApnsOfCertificates
from support.matrix import device, notification
from support.traffic import Traffic

PROVIDER = FakeApnsOfCertificates
APP = "chat.columba.ios"
PUSHES = 300


def apps(fake):
    password = fake.ready["certificate_password"]
    certificates.write_client(fake.directory, "over", password.encode(), days=-0.5)
    shutil.copy(fake.directory / "over.pem", fake.directory / "used.pem")
    return {APP: fake.app("used.pem", topic=fake.ready["topic"])}


def push(name):
    return notification(device(base64.b64encode(name.encode()).decode(), APP))


def test_all_is_delivered_then(served, fake):
    traffic = Traffic(served, fake, body=push).start()
    traffic.wait_for(PUSHES)
    traffic.stop()
    metrics = served.dispatcher.metrics()
    assert metrics.sum("columba_dispatcher_credential_days_left", app=APP) < 0
    assert fake.delivered() == []

    shutil.copy(fake.directory / "client.pem", fake.directory / "fresh.pem")
    os.replace(fake.directory / "fresh.pem", fake.directory / "used.pem")
    served.dispatcher.hang_up()
    account = traffic.settle("the certificate has expired, and is mended")

    assert account.lost == account.twice == []
    for outcome in ("rejected", "dropped", "dead"):
        assert served.settled(outcome=outcome) == 0
    assert served.redis.keys("columba:v:*") == []
