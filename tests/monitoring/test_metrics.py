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


def named(pattern, path):
    return set(re.findall(pattern, (REPOSITORY / path).read_text(), re.MULTILINE))


# What a page may name, and how that looks: of metrics, alerts, options and commands.
NAMES = [
    (NAMED.pattern, named(NAMED.pattern, "common/observe/METRICS.md")),
    (r"\bColumba[A-Z][a-z]\w+", named(r"alert: (\w+)", "deploy/monitoring/alerts.yaml")),
    (r"`((?:queue|redis|retry|ingress|dispatcher|tracing)\.[a-z]\w\w+)`", named(r"`(\w+\.\w+)`", "common/config/REFERENCE.md")),
    (r"`columbactl ([a-z]+(?: [a-z]+)?)", named(r'\.name = "([a-z ]+)"', "deploy/columbactl/command_table.c")),
]


@pytest.mark.parametrize("path", [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("deploy/**/*.md")],
                         ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_page_names_only_what_there_is(path):
    """One that says what to watch, or what to type, is read when something is wrong."""
    text = path.read_text()
    for pattern, known in NAMES:
        assert len(known) > 10, pattern
        unknown = set(re.findall(pattern, text)) - known
        # A command of one word may be followed by anything, and one of two stand for its group.
        first_words = {name.partition(" ")[0] for name in known}
        assert {name for name in unknown if name not in first_words and name.partition(" ")[0] not in known} == set()
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (path.parent / link).exists(), link
