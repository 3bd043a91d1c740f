"""The provider's bearer token: one fetch for all who wait, renewed before it ends, forgotten when
the provider calls it stale."""

from support.matrix import push, unique
from support.processes import wait_until


def deliver_fifty(gateway):
    pushkeys = [unique() for _ in range(50)]
    for pushkey in pushkeys:
        assert gateway.notify(push(pushkey)).rejected == []
    for pushkey in pushkeys:
        gateway.fcm.wait_for(pushkey)


def test_fifty_pushes_fetch_one_token_cold_and_one_when_it_is_stale(own):
    deliver_fifty(own)
    assert own.fcm.stats()["mints"] == 1

    own.fcm.control(revoke=True)
    deliver_fifty(own)
    assert own.fcm.stats()["mints"] == 2
    assert own.fcm.stats()["refused"] == 0


def test_a_token_is_renewed_before_it_ends(gateways):
    """Short ones, so that it happens soon; no push is answered 401."""
    gateway = gateways.open(started=False)
    gateway.fcm.control(token_lifetime=14)
    gateway.start()
    gateway.deliver(push(first := unique()), first)

    def renewed():
        gateway.deliver(push(pushkey := unique()), pushkey)
        return gateway.fcm.stats()["mints"] >= 2

    wait_until("a second token", renewed, 40, [gateway.dispatcher])

    assert [line for line in gateway.fcm.received() if line["status"] == 401] == []


def test_key_file_that_appears_later_heals(gateways):
    gateway = gateways.open(started=False)
    key_path = gateway.directory / "key.json"
    gateway.settings["apps"]["chat.columba.android"]["service_account_file"] = str(key_path)
    gateway.start()
    pushkey = unique()
    assert gateway.notify(push(pushkey)).rejected == []
    gateway.wait_settled(1, outcome="moved")

    with open(gateway.fcm.ready["service_account_file"], encoding="utf-8") as file:
        key_path.write_text(file.read())

    gateway.fcm.wait_for(pushkey, timeout_s=40)
    assert gateway.settled(outcome="rejected") == 0
