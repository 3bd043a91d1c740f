"""The whole way once, on real parts: a push arrives, a dead pushkey is named in the next answer."""

from support.matrix import device, notification, now_s, push, unique


def test_from_notify_to_the_phone_and_back(gateway):
    living, dead = unique(), unique("dead")
    registered_at = now_s() - 60

    gateway.deliver(push(living), living)
    assert gateway.notify(notification(device(dead, pushkey_ts=registered_at))).rejected == []
    gateway.wait_outcomes(dead, outcome="rejected")

    both = notification(device(dead, pushkey_ts=registered_at), device(living))
    assert gateway.notify(both).rejected == [dead]
    gateway.fcm.wait_for(living, 2)
    assert len(gateway.fcm.received(dead)) == 1


def test_a_backlog_is_worked_off(gateways):
    """Pushes that queued while no dispatcher ran."""
    gateway = gateways.open(started=False)
    gateway.prepare()
    gateway.start_ingress().wait_ready()
    pushkeys = [unique() for _ in range(300)]
    for pushkey in pushkeys:
        assert gateway.notify(push(pushkey)).rejected == []

    gateway.start_dispatcher().wait_ready()

    for pushkey in pushkeys:
        gateway.fcm.wait_for(pushkey, timeout_s=60)
    assert len(gateway.fcm.received()) == len(pushkeys)
