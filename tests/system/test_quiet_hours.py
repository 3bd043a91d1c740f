"""A provider that nothing is for during minutes keeps its connection: Apple takes many short ones for an
attack."""

import base64
import time

import pytest

from support.fake_provider import FakeApns
from support.matrix import device, notification, unique
from support.processes import wait_until

PROVIDER = FakeApns
APP = "chat.columba.ios"
QUIET_S = 130  # libcurl by itself lets go after 118


def apps(fake):
    return {APP: fake.app()}


@pytest.mark.long
def test_the_connection_is_there_after_minutes(served, fake):
    def push():
        name = unique("ok")
        served.notify(notification(device(base64.b64encode(name.encode()).decode(), APP)))
        fake.wait_for(name)

    push()
    quiet_until = time.monotonic() + QUIET_S
    wait_until("it was quiet for so long", lambda: time.monotonic() >= quiet_until, QUIET_S + 10)
    push()
    assert fake.stats()["connections"] == 1
