"""What the programs serve is what Prometheus likes to read."""

import subprocess

import pytest

from support.matrix import push, unique


@pytest.mark.parametrize("name", ["ingress", "dispatcher"])
def test_promtool_has_nothing_to_say(gateway, name):
    gateway.deliver(push(pushkey := unique()), pushkey)
    gateway.wait_settled(1, outcome="delivered")
    gateway.notify(b"no JSON")

    text = getattr(gateway, name).get("/metrics").body

    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
