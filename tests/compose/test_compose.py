"""deploy/compose/ fits together, and the programs take what it gives them."""

import os
import re
import subprocess

import pytest
import yaml

from support.columba import program, run
from support.processes import REPOSITORY

FOLDER = REPOSITORY / "deploy/compose"
OURS = {"ingress": "columba-ingress", "dispatcher": "columba-dispatcher", "topics": "columbactl"}
ADMIN_PORT = 9101


def read(name):
    return yaml.safe_load((FOLDER / name).read_text())


@pytest.fixture(scope="module")
def compose():
    return read("compose.yaml")


@pytest.fixture(scope="module")
def services(compose):
    return compose["services"]


@pytest.fixture(scope="module")
def config():
    return read("columba.yaml")


def mounts(service):
    """(source, target) of each volume."""
    for one in service.get("volumes", []):
        yield one.split(":")[:2]


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(s|m)", text).groups()
    return int(number) * {"s": 1, "m": 60}[unit]


def test_the_services_are_those_of_the_readme(services):
    assert set(services) == {"kafka", "redis", "prometheus", "grafana", *OURS}
    for name, one in services.items():
        assert re.fullmatch(r"[\w./-]+:v?\d[\w.]*|\$\{COLUMBA_IMAGE:-columba\}", one["image"]), name


@pytest.mark.parametrize("name", ["ingress", "dispatcher"])
def test_the_programs_take_configuration_and_command(services, name):
    service = services[name]
    called, *arguments = service["command"]
    assert called == OURS[name]
    assert dict(map(reversed, mounts(service)))["/etc/columba/columba.yaml"] == "./columba.yaml"
    arguments = [FOLDER / "columba.yaml" if one.endswith(".yaml") else one for one in arguments]
    ran = subprocess.run(
        [program(called), *arguments, "--check-config"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **service["environment"]},
    )
    assert ran.returncode == 0, ran.stderr


def test_the_topics_are_made_by_a_real_command(services):
    called, *arguments = services["topics"]["command"]
    assert called == "columbactl"
    assert "topics create" in run(called, *arguments, "--help")[0]
    assert services["topics"]["restart"] == "on-failure"


def test_what_is_named_is_there(compose, services):
    for name, service in services.items():
        for source, _ in mounts(service):
            assert (FOLDER / source).exists() if source[0] == "." else source in compose["volumes"]
        waits = service.get("depends_on", {})
        for other in waits:
            assert other in services
        for other, how in waits.items() if isinstance(waits, dict) else ():
            if how["condition"] == "service_healthy":
                assert services[other]["healthcheck"]["test"][0] == "CMD", name
    build = services["ingress"]["build"]
    assert (FOLDER / build["context"] / build["dockerfile"]).exists()


def test_addresses_are_those_that_are_listened_on(services, config):
    kafka = services["kafka"]["environment"]
    for name in OURS:
        environment = services[name]["environment"]
        assert kafka["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{environment['KAFKA_BROKERS']}"
        assert environment["REDIS_ADDRESS"] == "redis:6379"
    assert "PLAINTEXT://:9092" in kafka["KAFKA_LISTENERS"].split(",")
    assert kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    (port,) = services["ingress"]["ports"]
    assert port.rpartition(":")[2] == config["ingress"]["listen"].rpartition(":")[2]


def test_the_admin_port_is_the_one_that_image_and_prometheus_ask(config):
    dockerfile = (REPOSITORY / "deploy/docker/Dockerfile").read_text()
    assert f"127.0.0.1:{ADMIN_PORT}/health" in dockerfile
    for section in ("ingress", "dispatcher"):
        assert config[section]["admin_listen"] == f"[::]:{ADMIN_PORT}"
    jobs = {job["job_name"]: job["dns_sd_configs"][0] for job in read("prometheus.yaml")["scrape_configs"]}
    assert {name: one["names"] for name, one in jobs.items()} == {
        "columba-ingress": ["ingress"],
        "columba-dispatcher": ["dispatcher"],
    }
    assert all(one["port"] == ADMIN_PORT for one in jobs.values())


def test_keys_are_seen_by_dispatchers_alone(services):
    seen = [name for name, one in services.items() if "./secrets" in dict(mounts(one))]
    assert seen == ["dispatcher"]
    assert (FOLDER / "secrets/.gitignore").read_text().splitlines()[1:] == ["*", "!.gitignore"]


def test_our_containers_may_as_little_as_the_image_allows(services):
    for name in OURS:
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]
        assert all(one.endswith(":ro") for one in services[name]["volumes"])


def test_they_get_longer_to_end_than_they_need(services, config):
    """With the programs' defaults, which the reference lists."""
    reference = (REPOSITORY / "common/config/REFERENCE.md").read_text()

    def longest(section, key):
        usual = re.search(rf"^\| `{section}\.{key}` \|[^|]*\| `(\w+)` ", reference, re.MULTILINE)[1]
        return seconds(config.get(section, {}).get(key, usual))

    drain_s = longest("ingress", "drain_delay") + longest("queue", "ack_timeout")
    assert seconds(services["ingress"]["stop_grace_period"]) > drain_s
    assert seconds(services["dispatcher"]["stop_grace_period"]) > longest("dispatcher", "drain_timeout")
    assert services["dispatcher"]["deploy"]["replicas"] <= config["queue"]["partitions"]


def test_prometheus_takes_its_file_and_the_alerts(services, tmp_path):
    placed = {target: source for source, target in mounts(services["prometheus"])}
    (rules,) = read("prometheus.yaml")["rule_files"]
    text = (FOLDER / placed["/etc/prometheus/prometheus.yml"]).read_text()
    file = tmp_path / "prometheus.yml"
    file.write_text(text.replace(rules, str((FOLDER / placed[rules]).resolve())))
    ran = subprocess.run(
        ["promtool", "check", "config", file], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "rules found" in ran.stdout


def test_grafana_finds_the_dashboards_and_prometheus(services):
    placed = {target: FOLDER / source for source, target in mounts(services["grafana"])}
    (provider,) = read("grafana/dashboards.yaml")["providers"]
    dashboards = placed[provider["options"]["path"]]
    home = services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    folder, _, name = home.rpartition("/")
    assert folder == provider["options"]["path"] and (dashboards / name).exists()
    (source,) = read("grafana/datasources.yaml")["datasources"]
    (port,) = services["prometheus"]["ports"]
    assert source["url"] == f"http://prometheus:{port.rpartition(':')[2]}" and source["isDefault"]
