"""Whatever the provider does meanwhile, the last badge count that each phone got is the last one sent,
and none before it was followed by an older one."""

import collections
import itertools

from support.matrix import badge, push, unique
from support.processes import wait_until
from support.traffic import Traffic

SETTINGS = {"dispatcher": {"request_timeout": "1s"}}
PUSHKEYS = 1000
ROUNDS = 4
PAUSE_S = 0.002
# Of single pushes, so few that the others show the provider to be well; and of all, now and then.
SINGLE = ["internal", "reset", "slow1500"]
SHARE = 0.1
FAULTS = [None] * 14 + ["internal"]
EACH = 100  # pushes that a fault meets, before the next one


def body_of(round_number):
    """Of every second pushkey a badge alone, and each in another round."""

    def make(pushkey):
        is_badge = (int(pushkey.split("-")[1]) + round_number) % 2 == 0
        return (
            badge(pushkey, round_number)
            if is_badge
            else push(pushkey, counts={"unread": round_number})
        )

    return make


def play(gateway, pushkeys, round_number, faults):
    """Posts one push to each pushkey, while the provider goes from one fault to the next."""
    traffic = Traffic(gateway, names=pushkeys, body=body_of(round_number), pause_s=PAUSE_S).start()
    while len(traffic.promised) < len(pushkeys):
        gateway.fcm.control(answer=next(faults))
        traffic.wait_for(min(EACH, len(pushkeys) - len(traffic.promised)))
    return traffic.stop()


def badges_of(gateway):
    """The counts that each pushkey got, in their order; of those whose answer was lost too."""
    found = collections.defaultdict(list)
    for line in gateway.fcm.delivered():
        unread = line["body"]["message"]["data"].get("unread")
        if unread is not None:
            found[line["token"]].append(int(unread))
    return found


def test_of_a_thousand_phones(own):
    pushkeys = [unique() for _ in range(PUSHKEYS)]
    faults = itertools.cycle(FAULTS)
    own.fcm.control(sometimes=SINGLE, share=SHARE)
    for round_number in range(1, ROUNDS + 1):
        last = play(own, pushkeys, round_number, faults)
    own.fcm.control(answer=None)
    own.fcm.wait_for(pushkeys[0])
    wait_until(
        "the last count is there",
        lambda: all(badges_of(own)[pushkey][-1:] == [ROUNDS] for pushkey in pushkeys),
        120,
    )
    own.fcm.control(sometimes=[])
    last.wait_idle()

    stale = {
        pushkey: counts
        for pushkey, counts in badges_of(own).items()
        if counts != sorted(counts) or counts[-1] != ROUNDS
    }
    assert stale == {}
    # The faults were met, and what met them had to wait.
    assert len(own.fcm.received()) - len(own.fcm.delivered()) > PUSHKEYS / 20
    assert own.settled(outcome="moved") > 0
    assert own.settled(outcome="rejected") == own.settled(outcome="dead") == 0
