"""Pushes under load, and the account of them: what was promised, what arrived, what came twice."""

import collections
import itertools
import json
from dataclasses import dataclass

from support.load import Load
from support.matrix import push, unique
from support.processes import wait_until

CONNECTIONS = 8
PAUSE_S = 0.01  # between two requests of a connection: load, not saturation
ACCOUNTS = []  # of this run, for the table at its end
STARTED = []  # by the test that runs


@dataclass
class Account:
    """Of one load: promised are the pushes that were answered 200, each counted once."""

    name: str
    promised: int
    repeated: int
    lost: list
    twice: list

    def __str__(self):
        return (
            f"{self.promised:6} promised  {len(self.lost):3} lost  {len(self.twice):4} came twice  "
            f"{self.repeated:5} repeated by the homeserver  {self.name}"
        )


class Traffic:
    """A homeserver's pushes, one pushkey each, repeated until they are answered 200, as
    homeservers do. names gives what the provider knows each by, body what is posted for it."""

    def __init__(self, gateway, provider=None, names=None, body=push, pause_s=PAUSE_S):
        self.gateway = gateway
        self.provider = provider or gateway.fcm
        self.names = iter(names) if names is not None else (unique() for _ in itertools.count())
        self.body = body
        self.unanswered = collections.deque()
        self.bodies = {}
        self.results = []
        self.promised = set()
        self.repeated = 0
        # The port is kept: an ingress that is killed comes back to it.
        port = gateway.ingress.port
        self.load = Load(lambda: port, CONNECTIONS, self._requests(), pause_s=pause_s,
                         answered=self._answered)

    def start(self):
        STARTED.append(self)
        self.load.start()
        return self

    def _requests(self):
        for name in self.names:
            while self.unanswered:
                yield self._again(self.unanswered.popleft())
            self.bodies[name] = json.dumps(self.body(name)).encode()
            yield name, self.bodies[name]
        while self.unanswered:
            yield self._again(self.unanswered.popleft())

    def _again(self, name):
        self.repeated += 1
        return name, self.bodies[name]

    def _answered(self, result):
        if result.status == 200:
            self.promised.add(result.name)
            assert json.loads(result.body)["rejected"] == [], result
            del self.bodies[result.name]
        else:
            assert result.status in (503, 0), result
            self.unanswered.append(result.name)

    def wait_for(self, count):
        """Until that many more are promised."""
        target = len(self.promised) + count

        def reached():
            self.load.answer_count()
            return len(self.promised) >= target

        wait_until(f"{count} more promised", reached, 120)

    def stop(self):
        self.load.stop()
        return self

    def arrived(self):
        """How often each of the promised was taken by the provider."""
        found = collections.Counter(line["token"] for line in self.provider.delivered())
        return {name: found[name] for name in self.promised}

    def wait_idle(self):
        """Until no dispatcher has anything left: what is to come twice has come."""
        readings = []

        def is_idle():
            readings.append(all(one.is_idle() for one in self.gateway.dispatchers))
            return len(readings) > 1 and all(readings[-2:])

        wait_until("the dispatchers are idle", is_idle, 120, poll_s=0.3)

    def settle(self, name, timeout_s=120):
        """Waits until all that was promised has arrived, and nothing more is to come; the account."""
        lost = lambda: [token for token, count in self.arrived().items() if not count]
        try:
            wait_until("every promised push arrives", lambda: not lost(), timeout_s)
            self.wait_idle()
        finally:
            counts = self.arrived()
            account = Account(name, len(counts), self.repeated, lost(),
                              [token for token, count in counts.items() if count > 1])
            ACCOUNTS.append(account)
        return account
