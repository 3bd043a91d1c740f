"""While a load runs and a gate is closed: what the status page, columbactl top and the dashboards show."""

import contextlib
import itertools
import json
import re
import urllib.parse

import pytest
from monitoring.test_rules import FOLDER
from playwright.sync_api import expect

from support import http_client
from support.columba import program, run
from support.gateways import open_gateway
from support.matrix import APP_ID, device, notification, push, unique
from support.processes import Process, free_port, wait_until
from support.terminal import Terminal
from support.traffic import Traffic


HELD = "org.example.held"


def names():
    """Of what a fleet sends in a day: most is delivered, some is dead, some is of an app that waits."""
    for number in itertools.count():
        yield unique("held" if number % 8 == 1 else "dead" if number % 25 == 0 else "ok")


def body(name):
    return notification(device(name, app_id=HELD)) if name.startswith("held") else push(name)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory, make_queue):
    """Two dispatchers under load, and an app that an operator holds back."""
    directory = tmp_path_factory.mktemp("loaded")
    with make_queue(directory) as queue, open_gateway(directory, queue, started=False) as gateway:
        gateway.settings["apps"][HELD] = gateway.fcm.app()
        gateway.start()
        gateway.start_dispatcher().wait_ready()
        path = gateway.write_config("columbactl")
        run("columbactl", "--config", path, "gate", "close", HELD, "--reason", "maintenance")
        traffic = Traffic(gateway, names=names(), body=body).start()
        yield gateway
        traffic.stop()


def numbers(page, section, column):
    """Of that column in every row."""
    texts = page.locator(f"#{section} tbody tr td:nth-child({column + 1})").all_inner_texts()
    return [float(re.sub(r"[^\d.]", "", text) or 0) for text in texts]


def test_page_and_top_tell_of_load_and_of_a_gate_that_an_operator_closed(loaded, open_page):
    page = open_page(loaded.dispatcher)
    gate = page.locator("#gates tbody tr").filter(has_text=HELD)
    expect(gate.locator("td").nth(3)).to_have_text("closed")
    expect(gate.locator("td").nth(4)).to_contain_text("maintenance")
    expect(page.locator("#gates tbody tr").filter(has_not_text=HELD).locator("td").nth(3)).to_have_text("open")
    expect(page.locator("#fleet tbody tr")).to_have_count(2)
    expect(page.locator("#failures")).to_contain_text("UNREGISTERED")
    wait_until("the page shows a rate", lambda: numbers(page, "lanes", 2)[0] > 1, 20, [loaded.dispatcher])
    wait_until("the page shows who waits", lambda: numbers(page, "gates", 6)[0] > 0, 20, [loaded.dispatcher])
    before = numbers(page, "outcomes", 1)[0]
    wait_until("it goes on", lambda: numbers(page, "outcomes", 1)[0] > before, 20, [loaded.dispatcher])

    command = [program("columbactl"), "--config", loaded.directory / "columbactl.yaml", "top"]
    with contextlib.closing(Terminal(command)) as terminal:
        wait_until("top shows the rates of both", lambda: re.search(r"^fcm +2 +[\d.]+", terminal.page(), re.M), 20)
        wait_until("top shows the gate", lambda: re.search(
            rf"^fcm +{re.escape(HELD)} +- +closed +maintenance +[1-9]\d* +by hand ", terminal.page(), re.M), 20)
        shown = terminal.page()
        assert terminal.interrupt() == 0
    print(shown)
    assert "2 dispatchers" in shown
    assert float(re.search(r"^fcm +2 +([\d.]+)", shown, re.M)[1]) > 1
    for one in loaded.dispatchers:
        assert one.get("/status").json()["instance"] in shown


class Prometheus:
    """The real one, which asks every program each second."""

    def __init__(self, directory, programs):
        directory.mkdir()
        jobs = {}
        for one in programs:
            jobs.setdefault(one.name, []).append(f"127.0.0.1:{one.admin_port}")
        rules = directory / "rules.yaml"
        rules.write_text((FOLDER / "alerts.yaml").read_text().replace("interval: 1m", "interval: 1s"))
        intervals = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config = {"global": intervals, "rule_files": [str(rules)], "scrape_configs": [
            {"job_name": name, "static_configs": [{"targets": targets}]} for name, targets in jobs.items()
        ]}
        path = directory / "prometheus.json"
        path.write_text(json.dumps(config))
        self.port = free_port()
        self.process = Process("prometheus", [
            "prometheus", f"--config.file={path}", f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn",
        ], directory / "prometheus.log")

    def ask(self, expression):
        """The samples; None before it answers."""
        answer = http_client.get(self.port, "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        if answer.status == 503:
            return None
        assert answer.status == 200, (expression, answer.body)
        return answer.json()["data"]["result"]


@pytest.fixture
def prometheus(loaded, tmp_path):
    made = Prometheus(tmp_path / "prometheus", loaded.programs)
    yield made
    made.process.stop(20)


# What is not there while nothing is wrong, where no app has a certificate, and without tracing.
EMPTY_WHEN_WELL = {
    "Until certificates end", "Rejects withheld, and moved for a gate", "Answers that got lost (may ring twice)",
    "Moved aside", "Spans of traced pushes",
}


def test_every_panel_has_something_to_show(loaded, prometheus):
    variables = {"__rate_interval": "5s", "lane": "fcm", "app": APP_ID}
    empty = {}

    def shown(expression):
        return prometheus.ask(re.sub(r"\$(\w+)", lambda found: variables[found[1]], expression))

    wait_until("it has asked all of them twice", lambda: len(
        prometheus.ask("count_over_time(up[1m]) > 2 and up == 1") or []) == len(loaded.programs), 40,
        [prometheus.process])
    wait_until("its rules have been asked", lambda: shown('columba:backlog{lane="$lane", app="$app"}'), 20,
               [prometheus.process])
    for path in sorted((FOLDER / "dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                if not shown(target["expr"]):
                    empty.setdefault(panel["title"], []).append(target["expr"])
    assert set(empty) <= EMPTY_WHEN_WELL, empty
