"""The alerts, as Prometheus' own tool reads and runs them."""

import subprocess

import pytest
import yaml

from support.processes import REPOSITORY

FOLDER = REPOSITORY / "deploy/monitoring"


def alerts():
    groups = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


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
