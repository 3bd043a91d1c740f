"""What the programs serve is what Prometheus likes to read."""

import re
import subprocess

import pytest

from support.matrix import push, unique
from support.processes import REPOSITORY

NAMED = re.compile(r"\bcolumba_(?:ingress|dispatcher)_[a-z_]+[a-z]")


@pytest.mark.parametrize("name", ["ingress", "dispatcher"])
def test_promtool_has_nothing_to_say(gateway, name):
    gateway.deliver(push(pushkey := unique()), pushkey)
    gateway.wait_settled(1, outcome="delivered")
    gateway.notify(b"no JSON")

    text = getattr(gateway, name).get("/metrics").body

    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def test_no_page_speaks_of_a_metric_that_is_not():
    """A page that says what to watch is read when something is wrong."""
    known = set(NAMED.findall((REPOSITORY / "common/observe/METRICS.md").read_text()))

    for page in REPOSITORY.glob("*.md"), REPOSITORY.glob("deploy/**/*.md"):
        for path in page:
            unknown = set(NAMED.findall(path.read_text())) - known
            assert not unknown, f"{path}: {unknown}"
