"""Dashboards and alerts name metrics and labels that exist."""

import json
import re
import subprocess
import sys

import pytest

from monitoring.test_rules import FOLDER, alerts, recorded
from support.processes import REPOSITORY

ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| (.*?) \|")
METRIC = re.compile(r"\b((?:columba|process)[_:]\w+)\b(?:\{([^}]*)\})?")
LABEL = re.compile(r'(\w+) *(?:=~|!~|!=|=) *"')
GROUPING = re.compile(r"\bby *\(([^)]*)\)")
PROCESS = {f"process_{name}" for name in
           ("cpu_seconds_total", "resident_memory_bytes", "start_time_seconds", "open_fds")}
UNITS = {"short", "s", "d", "bytes", "percentunit", "reqps"}
VARIABLES = {"__rate_interval": "5m", "lane": "fcm", "app": "org.example"}
OF_PROMETHEUS = {"instance", "job", "le"}


def metrics():
    """Name to labels; a histogram under the names of its series."""
    found = {name: set() for name in PROCESS}
    for line in (REPOSITORY / "common/observe/METRICS.md").read_text().splitlines():
        if row := ROW.match(line):
            name, kind, labels = row.groups()
            ends = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
            found.update({name + end: set(re.findall(r"`(\w+)`", labels)) for end in ends})
    found.update({name: {"lane", "app"} for name in recorded()})
    assert len(found) > 30
    return found


def dashboards():
    return {path.name: json.loads(path.read_text()) for path in sorted((FOLDER / "dashboards").glob("*.json"))}


def expressions():
    for name, dashboard in dashboards().items():
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                yield f"{name}: {panel['title']}", target["expr"]
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                yield f"{name}: {variable['name']}", variable["definition"]
    for name, rule in {**alerts(), **recorded()}.items():
        yield name, rule["expr"]


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_what_is_named_exists(where, expression):
    known = metrics()
    named = METRIC.findall(expression)
    assert named, where
    allowed = set(OF_PROMETHEUS)
    for metric, selector in named:
        assert metric in known, where
        allowed |= known[metric]
        assert set(LABEL.findall(selector)) <= known[metric] | OF_PROMETHEUS, where
    grouped = {label.strip() for group in GROUPING.findall(expression) for label in group.split(",")}
    assert grouped <= allowed, where


def test_prometheus_can_read_every_query(tmp_path):
    """As rules, with what Grafana puts in their place for its variables."""
    rules = []
    for where, expression in expressions():
        if not expression.startswith("label_values("):
            plain = re.sub(r"\$(\w+)", lambda found: VARIABLES[found[1]], expression)
            rules.append({"record": f"dashboard:{len(rules)}", "expr": plain, "labels": {"of": where}})
    assert len(rules) > 60
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"groups": [{"name": "dashboards", "rules": rules}]}))
    ran = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_panel_says_what_is_what():
    """A unit for all of it; a name for each line where there may be more than one."""
    for name, board in dashboards().items():
        for panel in board["panels"]:
            where = (name, panel["title"])
            assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, where
            legends = [target["legendFormat"] for target in panel["targets"]]
            if panel["type"] == "timeseries":
                assert all(legends) and len(set(legends)) == len(legends), where
            for target in panel["targets"]:
                shown = {label.strip() for group in GROUPING.findall(target["expr"]) for label in group.split(",")}
                named = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
                assert not shown or named <= shown, where


def test_the_dashboards_are_what_the_program_writes(tmp_path):
    subprocess.run([sys.executable, FOLDER / "dashboards.py", tmp_path], check=True)

    written = {path.name: path.read_text() for path in tmp_path.glob("*.json")}
    assert written == {path.name: path.read_text() for path in (FOLDER / "dashboards").glob("*.json")}


def test_dashboards_lead_from_the_whole_to_the_one():
    shown = dashboards()
    assert [board["title"] for board in shown.values()] == ["Columba: one app", "Columba: one lane", "Columba: overview"]
    assert "/d/columba-lane?" in json.dumps(shown["columba-overview.json"])
    assert "/d/columba-app?" in json.dumps(shown["columba-lane.json"])


def test_panels_do_not_overlap():
    for name, board in dashboards().items():
        taken = set()
        for panel in board["panels"]:
            place = panel["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])}
            assert place["x"] + place["w"] <= 24 and not cells & taken, (name, panel["title"])
            taken |= cells
