"""A count that had to wait, and was overtaken by a newer one: a badge alone is dropped, an event is sent
without its counts."""

import itertools

from support.fake_provider import FakeEndpoint
from support.matrix import device, notification, unique

PROVIDER = FakeEndpoint
APP = "chat.columba.unifiedpush"
SETTINGS = {"retry": {"delays": ["6s"]}}  # longer than the endpoint asks for


class Phone:
    """One that answers 429 at first."""

    def __init__(self, gateway, fake):
        self.gateway = gateway
        self.fake = fake
        self.name = unique("toomany1")
        self.pushkey = fake.address(self.name)

    def notify(self, unread, **fields):
        body = notification(device(self.pushkey, APP), counts={"unread": unread}, **fields)
        assert self.gateway.notify(body).rejected == []

    def notify_badge(self, unread):
        self.notify(unread, event_id=None, room_id=None, prio=None)

    def wait_outcome(self, outcome, count=1):
        return self.gateway.wait_outcomes(self.pushkey, outcome=outcome, count=count, app_id=APP)

    def overtake(self, unread):
        """What has to wait waits; and the newer one goes by it."""
        self.wait_outcome("moved")
        self.fake.control(revive=self.name)
        self.notify_badge(unread)
        self.wait_outcome("delivered")

    def counts(self):
        """As they came; None where there were none."""
        return [
            line["body"]["notification"].get("counts", {}).get("unread")
            for line in self.fake.delivered(self.name)
        ]


def reasons(gateway):
    lines = (one.settled_lines() for one in gateway.dispatchers)
    return [line["reason"] for line in itertools.chain(*lines) if line["outcome"] == "dropped"]


def test_a_count_that_was_overtaken(gateways, fake):
    gateway = gateways.open(SETTINGS | {"apps": {APP: fake.unifiedpush()}})
    of_badge, of_event = Phone(gateway, fake), Phone(gateway, fake)
    of_badge.notify_badge(1)
    of_event.notify(3)
    of_badge.overtake(2)
    of_event.overtake(4)

    of_badge.wait_outcome("dropped")
    of_event.wait_outcome("delivered", count=2)

    assert reasons(gateway) == ["superseded"]
    assert of_badge.counts() == [2]
    assert of_event.counts() == [4, None]
