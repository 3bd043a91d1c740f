"""Huawei's Push Kit: what the fake demands is sent, what it calls dead is rejected, and whatever
else it says rejects nobody."""

import json
import os

import pytest

from support.fake_provider import FakeHms
from support.matrix import device, notification, unique

APP = "chat.columba.huawei"


PROVIDER = FakeHms


def apps(fake):
    return {APP: fake.app()}


def push(pushkey, **fields):
    return notification(device(pushkey, APP), **fields)


def test_a_push_arrives(served, fake):
    pushkey = unique()
    body = push(pushkey, prio="low")

    assert served.notify(body).rejected == []
    (got,) = fake.wait_for(pushkey)

    message = got["body"]["message"]
    assert message["android"]["urgency"] == "NORMAL"
    data = json.loads(message["data"])
    assert data["event_id"] == body["notification"]["event_id"]
    assert data["room_id"] == "!room:columba.example"
    assert served.wait_outcomes(pushkey, app_id=APP) == ["delivered"]


def test_one_token_serves_all(served, fake):
    for pushkey in (unique(), unique()):
        assert served.notify(push(pushkey)).rejected == []
        fake.wait_for(pushkey)

    assert fake.stats()["mints"] == 1


def test_a_token_that_a_partial_success_names_is_rejected(served, fake):
    pushkey = unique("dead")

    assert served.notify(push(pushkey)).rejected == []
    served.wait_outcomes(pushkey, outcome="rejected", app_id=APP)

    assert served.notify(push(pushkey)).rejected == [pushkey]
    assert len(fake.received(pushkey)) == 1


def test_a_stale_token_is_renewed_and_the_push_goes_on_at_once(served, fake):
    pushkey = unique("unauth")
    mints = fake.stats()["mints"]

    assert served.notify(push(pushkey)).rejected == []
    fake.wait_for(pushkey)

    assert served.wait_outcomes(pushkey, app_id=APP) == ["delivered"]
    assert fake.stats()["mints"] == mints + 1


def test_what_may_be_our_configuration_rejects_nobody_unearned(gateways, fake):
    gateway = gateways.open({"apps": apps(fake)})
    pushkey, living = unique("allinvalid"), unique()

    assert gateway.notify(push(pushkey)).rejected == []
    gateway.wait_outcomes(pushkey, outcome="moved", app_id=APP)
    assert gateway.notify(push(pushkey)).rejected == []

    assert gateway.notify(push(living)).rejected == []
    gateway.wait_outcomes(living, outcome="delivered", app_id=APP)
    gateway.wait_outcomes(pushkey, outcome="rejected", app_id=APP)


TROUBLE = [
    "oauth", "denied", "highdenied", "system", "internal", "unavailable1", "expired",
    "html502", "html404", "hang", "reset",
]


@pytest.mark.parametrize("answer", TROUBLE)
def test_trouble_rejects_nobody(served, fake, answer):
    pushkey = unique()

    fake.control(answer=answer)
    assert served.notify(push(pushkey)).rejected == []
    served.wait_outcomes(pushkey, outcome="moved", app_id=APP)
    assert served.notify(push(pushkey)).rejected == []

    fake.control(answer=None)
    fake.wait_for(pushkey, 2, timeout_s=40)
    assert "rejected" not in served.outcomes(pushkey, APP)


def test_a_rotated_secret_is_taken_over_by_itself(gateways, fake, tmp_path):
    """As Kubernetes does it: the file is a link through ..data, and ..data is renamed over."""
    for version, secret in (("1", fake.ready["client_secret"]), ("2", "another")):
        (tmp_path / version).mkdir()
        (tmp_path / version / "secret").write_text(secret + "\n")
    (tmp_path / "..data").symlink_to("1")
    app = fake.app(client_secret_file=str(tmp_path / "..data" / "secret"))
    del app["client_secret"]
    gateway = gateways.open({"apps": {APP: app}})
    pushkey = unique()
    assert gateway.notify(push(pushkey)).rejected == []
    fake.wait_for(pushkey)

    fake.control(secret="another", revoke=True)
    try:
        assert gateway.notify(push(pushkey := unique())).rejected == []
        gateway.wait_outcomes(pushkey, outcome="moved", app_id=APP)
        (tmp_path / "..data_tmp").symlink_to("2")
        os.replace(tmp_path / "..data_tmp", tmp_path / "..data")

        fake.wait_for(pushkey, timeout_s=60)
    finally:
        fake.control(secret=fake.ready["client_secret"], revoke=True)
    assert "rejected" not in gateway.outcomes(pushkey, APP)
