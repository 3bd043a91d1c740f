"""A row of ../scenario/test_what_others_get_wrong.py that takes a real broker: stopped and started, it
is found again by the programs that were there before."""

import pytest

from support.crowd import Crowd
from support.processes import wait_until

PHONES = 100


@pytest.mark.long
def test_a_broker_restarts_and_we_need_not(fragile_gateways):
    gateway = fragile_gateways.open({"queue": {"ack_timeout": "3s"}})
    programs = list(gateway.programs)
    before, after = Crowd(gateway, PHONES), Crowd(gateway, PHONES)
    before.send()

    gateway.queue.stop()
    assert gateway.notify({"notification": {"devices": after.devices[:1]}}).status == 503
    gateway.queue.start()
    wait_until(
        "the queue takes pushes again",
        lambda: gateway.notify({"notification": {"devices": after.devices[:1]}}).status == 200,
        60,
        programs,
    )
    after.send()

    before.wait_arrived()
    wait_until("every push arrives", lambda: set(after.arrived()) == set(after.names), 60, programs)
    assert gateway.programs == programs and not any(one.has_ended() for one in programs)
