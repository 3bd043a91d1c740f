"""The alerts, as Prometheus' own tool reads and runs them."""

import json
import re
import subprocess

import pytest
import yaml

from support.processes import REPOSITORY

FOLDER = REPOSITORY / "deploy/monitoring"


def alerts():
    groups = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


def recorded():
    """What the rules make of the metrics, by name."""
    groups = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    return {rule["record"]: rule for group in groups for rule in group["rules"] if "record" in rule}


@pytest.mark.parametrize("arguments", [["check", "rules", "--lint=all", "--lint-fatal", "alerts.yaml"],
                                       ["test", "rules", "alerts_test.yaml"]])
def test_promtool(arguments):
    ran = subprocess.run(["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_what_to_do(name):
    rule = alerts()[name]
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert len(rule["annotations"]["summary"]) > 20
    assert len(rule["annotations"]["runbook"]) > 100


@pytest.mark.parametrize("name", alerts())
def test_an_alert_is_seen_firing_and_silent(name):
    cases = yaml.safe_load((FOLDER / "alerts_test.yaml").read_text())["tests"]
    firing = {f'alertname="{one}"' for one in [name]}
    fires = [sample["labels"] for case in cases for test in case.get("promql_expr_test", [])
             for sample in test["exp_samples"]]
    silent = [test["alertname"] for case in cases for test in case.get("alert_rule_test", [])
              if not test["exp_alerts"]]
    assert any(label in text for label in firing for text in fires)
    assert name in silent


# The first text of a call that writes a line of the log is its event.
LOG_CALL = re.compile(r'\b(?:log_(?:error|warning|info|debug|with)|write_line)\([^";]*"([a-z_]+)"')
COMMAND = re.compile(r"columbactl (?:--config FILE )?([a-z]+(?: [a-z]+)?)")


def sources():
    for folder in ("common", "ingress", "dispatcher", "deploy"):
        for path in sorted((REPOSITORY / folder).rglob("*.c")):
            yield path.read_text()


@pytest.fixture(scope="module")
def known():
    """What a runbook may send somebody to."""
    text = {
        "metrics": (REPOSITORY / "common/observe/METRICS.md").read_text(),
        "options": (REPOSITORY / "common/config/REFERENCE.md").read_text(),
        "commands": (REPOSITORY / "deploy/columbactl/command_table.c").read_text(),
    }
    found = {
        "events": {event for source in sources() for event in LOG_CALL.findall(source)},
        "metrics": set(re.findall(r"\bcolumba_\w+", text["metrics"])),
        "options": set(re.findall(r"`(\w+\.\w+)`", text["options"])),
        "panels": set(),
        "commands": set(re.findall(r'\.name = "([a-z ]+)"', text["commands"])),
    }
    for path in (FOLDER / "dashboards").glob("*.json"):
        found["panels"] |= {panel["title"] for panel in json.loads(path.read_text())["panels"]}
    assert all(len(names) > 10 for names in found.values())
    return found


@pytest.mark.parametrize("name", alerts())
def test_a_runbook_names_only_what_there_is(name, known):
    runbook = alerts()[name]["annotations"]["runbook"]

    dotted = re.findall(r"\b(?:queue|redis|retry|ingress|dispatcher|tracing)\.\w+", runbook)
    plain = re.sub(r"\b\w+\.\w+", "", runbook)
    worded = re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", plain) + re.findall(r"\bevent (\w+)", plain)
    assert set(dotted) <= known["options"]
    assert set(worded) <= known["events"] | known["metrics"]
    for command in COMMAND.findall(runbook):
        assert {command, command.split()[0]} & known["commands"], command
    assert set(re.findall(r"\bColumba[A-Z]\w+", runbook)) <= set(alerts())
    for pages in re.findall(r"\bdeploy/[\w/]+\.\w+", runbook):
        assert (REPOSITORY / pages).is_file()
    for named in re.findall(r'\bpanels? ("[^"]+"(?:, "[^"]+")*)', runbook):
        assert set(re.findall(r'"([^"]+)"', named)) <= known["panels"]
