"""Each kind of mistake in the configuration gives one line that names file, line and key, exit
status 2, and nothing half-started. --check-config says the same and starts nothing at all."""

import os
import socket
import subprocess

import pytest

from support.columba import SANITIZERS, program
from support.processes import REPOSITORY, SANITIZER_REPORT, free_port

PROGRAMS = ("columba-ingress", "columba-dispatcher")

SOUND = """\
queue:
  brokers: "127.0.0.1:1"
ingress:
  listen: "127.0.0.1:{port}"
  admin_listen: "127.0.0.1:{admin_port}"
dispatcher:
  admin_listen: "127.0.0.1:{admin_port}"
apps:
  chat.columba.android:
    type: fcm
    project_id: demo
    service_account_file: /nonexistent/key.json
"""

# name: (text to replace, its replacement, line of the mistake, words that must be in the message)
MISTAKES = {
    "unknown_section": ("queue:", "que:", 1, ["que", "queue"]),
    "unknown_key": ("  brokers:", "  broker:", 2, ["broker", "brokers"]),
    "unknown_key_of_an_app": ("project_id", "projekt_id", 11, ["projekt_id", "project_id"]),
    "missing_key": ('  brokers: "127.0.0.1:1"\n', "  prefix: x.\n", 1, ["brokers", "missing"]),
    "missing_key_of_an_app": ("    project_id: demo\n", "", 9, ["project_id", "missing"]),
    "missing_apps": (SOUND[SOUND.index("apps:"):], "", None, ["apps", "missing"]),
    "bad_duration": ("queue:\n", "queue:\n  ack_timeout: soon\n", 2, ["ack_timeout", "soon"]),
    "out_of_bounds": ("queue:\n", "queue:\n  ack_timeout: 2h\n", 2, ["ack_timeout"]),
    "bad_integer": ("queue:\n", "queue:\n  partitions: many\n", 2, ["partitions", "many"]),
    "bad_size": ("ingress:\n", "ingress:\n  body_limit: 12 stones\n", 4, ["body_limit"]),
    "bad_address": ("127.0.0.1:{port}", "nowhere", 4, ["listen", "nowhere"]),
    "bad_choice": ("ingress:\n", "ingress:\n  unknown_app: maybe\n", 4, ["unknown_app", "maybe"]),
    "bad_type_of_an_app": ("type: fcm", "type: fmc", 10, ["type", "fmc"]),
    "type_not_supported": ("type: fcm", "type: pigeon", 10, ["type"]),
    "list_for_a_text": ('"127.0.0.1:1"', "[a, b]", 2, ["brokers"]),
    "text_for_a_map": ("queue:\n  brokers: \"127.0.0.1:1\"\n", "queue: kafka\n", 1, ["queue"]),
    "key_twice": ("queue:\n", "queue:\n  prefix: a.\n  prefix: b.\n", 3, ["prefix"]),
    "tab": ("  brokers:", "\tbrokers:", 2, []),
    "unclosed_quote": ("demo", '"demo', None, []),
    "unset_variable": ('"127.0.0.1:1"', "${COLUMBA_TEST_UNSET}", 2, ["COLUMBA_TEST_UNSET"]),
    "secret_file_missing": ("queue:\n", "redis:\n  password_file: /nonexistent\nqueue:\n", 2,
                            ["password_file", "/nonexistent"]),
    "secret_twice": ("queue:\n", "redis:\n  password: a\n  password_file: /b\nqueue:\n", None,
                     ["password_file", "password"]),
    "delay_over_max_age": ("queue:\n", "retry:\n  max_age: 10m\nqueue:\n", 2, ["max_age", "delay"]),
    "refused_property": ("queue:\n", "queue:\n  properties: {enable.idempotence: false}\n", 2,
                         ["enable.idempotence"]),
    "empty_file": (SOUND, "", None, ["missing"]),
    "list_at_the_top": (SOUND, "- a\n- b\n", 1, []),
}


class Attempt:
    """One start of a program with a configuration; it must end by itself."""

    def __init__(self, directory, text, name, *arguments):
        self.path = directory / "columba.yaml"
        self.ports = {"port": free_port(), "admin_port": free_port()}
        for key, port in self.ports.items():
            text = text.replace("{%s}" % key, str(port))
        self.path.write_text(text)
        self.ran = subprocess.run(
            [program(name), "--config", self.path, *arguments],
            capture_output=True,
            text=True,
            timeout=30,
            env={**os.environ, **SANITIZERS},
            check=False,
        )

    def ports_are_free(self):
        for port in self.ports.values():
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return False
        return True


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake(tmp_path, case, name):
    old, new, line, words = MISTAKES[case]
    assert old in SOUND
    text = SOUND.replace(old, new, 1)

    for arguments in ((), ("--check-config",)):
        attempt = Attempt(tmp_path, text, name, *arguments)
        ran = attempt.ran
        assert ran.returncode == 2, ran
        assert ran.stdout == ""
        (message,) = ran.stderr.splitlines()
        where = f"{attempt.path}:{line}:" if line is not None else f"{attempt.path}:"
        assert where in message
        for word in words:
            assert word in message
        assert attempt.ports_are_free()


@pytest.mark.parametrize("name", PROGRAMS)
def test_check_config_of_a_sound_one_starts_nothing(tmp_path, name):
    attempt = Attempt(tmp_path, SOUND, name, "--check-config")

    assert attempt.ran.returncode == 0, attempt.ran
    assert str(attempt.path) in attempt.ran.stdout
    assert attempt.ran.stderr == ""
    assert attempt.ports_are_free()


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_file_that_is_not_there(tmp_path, name):
    path = tmp_path / "nowhere.yaml"

    ran = subprocess.run([program(name), "--config", path], capture_output=True, text=True,
                         timeout=30, check=False)

    assert ran.returncode == 2
    (message,) = ran.stderr.splitlines()
    assert str(path) in message


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("arguments", [["--nonsense"], ["--config"], ["stray"]])
def test_a_wrong_command_line(name, arguments):
    ran = subprocess.run([program(name), *arguments], capture_output=True, text=True, timeout=30,
                         check=False)

    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
    assert not SANITIZER_REPORT.search(ran.stderr)


def test_a_port_that_is_taken_is_one_line_and_status_1(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        text = SOUND.replace("{port}", str(taken.getsockname()[1]))
        attempt = Attempt(tmp_path, text, "columba-ingress")

    assert attempt.ran.returncode == 1, attempt.ran
    assert "listen" in attempt.ran.stderr


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_names_every_option(name):
    def output(argument):
        return subprocess.run([program(name), argument], capture_output=True, text=True,
                              timeout=30, check=True).stdout

    described = output("--help-config")
    for key in ("brokers", "ack_timeout", "delays", "max_age", "listen", "service_account_file"):
        assert key in described
    assert "--config" in output("--help")
    assert output("--version").startswith(name)


def test_no_secret_is_ever_shown(tmp_path):
    secret = tmp_path / "password"
    secret.write_text("hunter2-" + "x" * 70000)

    attempt = Attempt(tmp_path, f"redis:\n  password_file: {secret}\n" + SOUND, "columba-ingress")

    assert attempt.ran.returncode == 2
    assert "hunter2" not in attempt.ran.stderr + attempt.ran.stdout


def test_the_example_configuration_is_sound():
    """Every configuration that the repository shows can be used as it stands. That of compose takes
    its environment from there: tests/compose checks it with that."""
    shown = [path for path in REPOSITORY.glob("deploy/**/columba*.yaml")
             if not {"build", "compose"} & set(path.relative_to(REPOSITORY).parts)]
    assert shown
    for path in shown:
        subprocess.run([program("columba-ingress"), "--config", path, "--check-config"],
                       capture_output=True, timeout=30, check=True)
