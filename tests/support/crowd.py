"""Many phones of one app, pushed to at once, and the account of them."""

import base64
import collections
import itertools

from support.columba import hash_of
from support.matrix import APP_ID, device, notification, unique
from support.processes import wait_until

DEVICES_A_REQUEST = 100


def by_token(app_id, name):
    """Registered by the token itself: FCM, HMS."""
    return device(name, app_id)


def by_spelled_token(app_id, name):
    """APNs: the token spells the name, and clients register it as base64."""
    return device(base64.b64encode(name.encode()).decode(), app_id)


def at_endpoint(fake, host="localhost"):
    """UnifiedPush: an endpoint of that fake."""
    return lambda app_id, name: device(fake.address(name, host), app_id)


def as_browser(fake, host="localhost"):
    """Web Push: a subscription there."""

    def subscribed(app_id, name):
        pushkey, data = fake.subscription(name, host)
        return device(pushkey, app_id, data=data)

    return subscribed


def notify(*crowds):
    """An event for each phone of all of them, mixed; those named in the answers."""
    shares = [(at / len(one), phone) for one in crowds for at, phone in enumerate(one.devices)]
    devices = (phone for _, phone in sorted(shares, key=lambda share: share[0]))
    rejected = []
    while part := list(itertools.islice(devices, DEVICES_A_REQUEST)):
        rejected += crowds[0].gateway.notify(notification(*part)).rejected
    for one in crowds:
        one.sent += 1
    return rejected


class Crowd:
    """count phones, whose names begin with prefix and are what the provider knows them by."""

    def __init__(self, gateway, count, prefix="ok", provider=None, app_id=APP_ID, register=by_token):
        self.gateway = gateway
        self.provider = provider or gateway.fcm
        self.app_id = app_id
        self.names = [unique(prefix) for _ in range(count)]
        self.devices = [register(app_id, name) for name in self.names]
        self.sent = 0

    def __len__(self):
        return len(self.names)

    @property
    def pushkeys(self):
        return [one["pushkey"] for one in self.devices]

    def notify(self):
        """An event for each, of many phones a request; those named in the answers."""
        return notify(self)

    def send(self):
        """Nobody is named in the answers."""
        assert self.notify() == []
        return self

    def arrived(self):
        """How often the provider took one, by name."""
        found = collections.Counter(line["token"] for line in self.provider.delivered())
        return collections.Counter({name: found[name] for name in self.names if found[name]})

    def missing(self):
        """How many pushes have not arrived of those that were sent."""
        return self.sent * len(self) - sum(self.arrived().values())

    def revive(self):
        """The provider takes all that comes from now on."""
        for name in self.names:
            self.provider.control(revive=name)
        return self

    def asked(self):
        """How often the provider was asked, whatever it answered."""
        names = set(self.names)
        return sum(line.get("token") in names for line in self.provider.received())

    def twice(self):
        """How many pushes too many the provider took."""
        return sum(count - self.sent for count in self.arrived().values() if count > self.sent)

    def wait_arrived(self, timeout_s=60, twice=0):
        """Until each has got all that was sent; fails if more than so many came once more."""

        def missing():
            found = self.arrived()
            return [name for name in self.names if found[name] < self.sent]

        wait_until(
            f"{len(self)} phones of {self.app_id} get {self.sent} pushes",
            lambda: not missing(),
            timeout_s,
            [self.gateway.dispatcher],
        )
        assert self.twice() <= twice, f"{self.twice()} came twice"
        return self

    def settled(self, **labels):
        """How many records of the app, of these labels, the running dispatchers have settled."""
        return int(self.gateway.settled(app=self.app_id, **labels))

    def wait_settled(self, count, timeout_s=60, **labels):
        wait_until(
            f"{count} records of {self.app_id} settled {labels}",
            lambda: self.settled(**labels) >= count,
            timeout_s,
            [self.gateway.dispatcher],
        )
        return self

    def outcomes(self):
        """How often the records of its phones ended so, as the dispatchers log it."""
        names = {hash_of(self.app_id, pushkey) for pushkey in self.pushkeys}
        return collections.Counter(
            line["outcome"]
            for one in self.gateway.programs
            if one.name == "columba-dispatcher"
            for line in one.settled_lines()
            if line.get("pushkey") in names
        )

    def wait_delivered_at_once(self):
        """Until each has got all that was sent, and none of it by the way of a retry topic."""
        self.wait_arrived()
        count = self.sent * len(self)
        wait_until(f"{count} outcomes of {self}", lambda: self.outcomes().total() >= count, 20)
        assert self.outcomes() == {"delivered": count}, self
        return self

    def verdicts(self):
        """Which of the phones are called dead."""
        known = set(self.gateway.redis.keys("columba:v:*"))
        return [
            name
            for name, pushkey in zip(self.names, self.pushkeys, strict=True)
            if "columba:v:" + hash_of(self.app_id, pushkey) in known
        ]

    def __str__(self):
        return f"{self.app_id}: {len(self)} phones, {sum(self.arrived().values())} pushes arrived"
