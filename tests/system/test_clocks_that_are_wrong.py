"""A host whose clock is an hour ahead or behind costs lateness of a retry's delay at most: nothing is
lost, and no push is taken for older than it is."""

import collections
import datetime
import itertools

import pytest

from support.columba import BUILD, SANITIZERS, Program
from support.fake_provider import FakeEndpoint
from support.matrix import device, notification, unique
from support.traffic import Traffic

PROVIDER = FakeEndpoint
APP = "chat.columba.unifiedpush"
TTL = "10m"  # much shorter than the clock is wrong
HOUR_S = 3600
DELAY_S = 3
EARLY_S = 1  # the brokers' clock is known to a fraction of a second


def skewed(name, skew_s):
    """Makes programs; those of that name have another idea of what time it is, but not of how fast it
    goes."""

    class Skewed(Program):
        environment = SANITIZERS | {
            "LD_PRELOAD": str(BUILD / "tests/support/columba-clock.so"),
            "COLUMBA_SKEW_S": str(skew_s),
        }

    return lambda program, *rest: (Skewed if program == name else Program)(program, *rest)


def clock_of(program):
    """As it writes it into its log."""
    return datetime.datetime.fromisoformat(program.log_lines()[-1]["time"])


def waits_of(fake, names):
    """How long it took from the first try to the second, of each that has two."""
    tries = collections.defaultdict(list)
    for line in fake.received():
        tries[line["token"]].append(line["time"])
    return [times[1] - times[0] for name, times in tries.items() if name in names and len(times) > 1]


@pytest.mark.parametrize("skew_s", [HOUR_S, -HOUR_S], ids=["ahead", "behind"])
@pytest.mark.parametrize("program", ["columba-dispatcher", "columba-ingress"])
def test_an_hour_off(gateways, fake, program, skew_s):
    settings = {"apps": {APP: fake.unifiedpush(ttl=TTL)}, "retry": {"delays": [f"{DELAY_S}s"]}}
    gateway = gateways.open(settings, started=False)
    gateway.make_program = skewed(program, skew_s)
    gateway.start()
    (one,) = [one for one in gateway.programs if one.name == program]
    off_s = (clock_of(one) - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    assert abs(off_s - skew_s) < HOUR_S / 2
    names = (unique("flaky1" if number % 10 == 0 else "ok") for number in itertools.count())

    traffic = Traffic(
        gateway, fake, names, lambda name: notification(device(fake.address(name), APP))
    ).start()
    traffic.wait_for(200)
    account = traffic.stop().settle(f"clock of {program} off by {skew_s} s")

    assert account.lost == account.twice == []
    assert gateway.settled(outcome="moved") > 0
    for outcome in ("rejected", "dropped", "dead"):
        assert gateway.settled(outcome=outcome) == 0
    waits = waits_of(fake, traffic.promised)
    assert len(waits) >= 20
    assert min(waits) >= DELAY_S - EARLY_S
    # And a minute more, if the machine has much else to do: an hour it is not.
    assert max(waits) <= 2 * DELAY_S + 60


@pytest.mark.long
@pytest.mark.parametrize("skew_s", [2 * HOUR_S, -2 * HOUR_S], ids=["ahead", "behind"])
def test_credentials_are_made_out_by_the_brokers_clock(gateways, skew_s):
    """Google refuses what our own clock would have them say, which is a latch until it is found out."""
    gateway = gateways.open(started=False)
    gateway.make_program = skewed("columba-dispatcher", skew_s)
    gateway.start()

    traffic = Traffic(gateway).start()
    traffic.wait_for(200)
    account = traffic.stop().settle(f"clock of columba-dispatcher off by {skew_s} s, FCM")

    assert account.lost == account.twice == []
    assert gateway.settled(outcome="rejected") == gateway.settled(outcome="dead") == 0
    assert "clock_wrong" in {line["event"] for line in gateway.dispatcher.log_lines()}
