"""What is in the image, and what it says of itself."""

import re

import pytest

from conftest import BASE, IMAGE

ADDED_LIMIT_BYTES = 25_000_000
PROGRAMS = ("columba-ingress", "columba-dispatcher", "columbactl")


@pytest.fixture(scope="module")
def config(podman):
    return podman.inspect(IMAGE)["Config"]


@pytest.fixture(scope="module")
def entries(podman):
    return podman.entries(IMAGE)


def test_it_runs_as_a_number_that_is_not_root(config):
    """Kubernetes' runAsNonRoot cannot judge a name."""
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", config["User"])


def test_it_is_ended_by_sigterm_and_started_without_a_shell(config):
    assert config["StopSignal"] == "SIGTERM"
    assert config["Cmd"] == ["columba-ingress"]
    assert not config.get("Entrypoint")


def test_its_health_is_asked_without_a_shell_too(config, podman):
    check = podman.inspect(IMAGE)["Healthcheck"]["Test"]
    assert check[:3] == ["CMD", "columbactl", "health"]
    assert check[3].endswith(":9101/health")
    assert "9101/tcp" in config["ExposedPorts"] and "8008/tcp" in config["ExposedPorts"]


def test_it_says_what_it_is(config, podman):
    labels = config["Labels"]
    version = podman.output_of("columbactl", "--version")
    assert version == f"columbactl {labels['org.opencontainers.image.version']}\n"
    assert re.fullmatch(r"[0-9a-f]{40}|unknown", labels["org.opencontainers.image.revision"])
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_what_it_adds_to_the_base_is_small(podman):
    added = podman.inspect(IMAGE)["Size"] - podman.inspect(BASE)["Size"]
    print(f"{added} bytes are added to the base")
    assert 0 < added < ADDED_LIMIT_BYTES


def test_the_programs_are_there_and_nobody_can_change_them(entries):
    for name in PROGRAMS:
        member = entries[f"usr/bin/{name}"]
        assert (member.uid, member.gid, member.mode & 0o7777) == (0, 0, 0o755)


def test_nothing_that_builds_is_left(entries):
    tools = re.compile(r"(src|build|installed|usr/include/json-c|usr/bin/(gcc|cmake|ninja))(/|$)")
    assert [path for path in entries if tools.match(path)] == []
    lists = re.compile(r"var/(lib/apt/lists|cache/apt)/.")
    assert [path for path in entries if lists.match(path)] == []


def test_no_mirror_of_the_machine_that_built_it_is_left(podman, entries):
    """It would send whoever builds upon the image there."""
    sources = [path for path in entries if re.match(r"etc/apt/sources\.list(\.d/.+)?$", path)]
    assert sources == []
    assert podman.output_of("grep", "-rlE", "^(deb|URIs:) ", "/etc/apt", "/var/lib/apt", status=1) == ""


def test_certificate_authorities_are_there(entries):
    assert entries["etc/ssl/certs/ca-certificates.crt"].size > 100_000
