"""columbactl: what an operator asks and changes by hand, on running programs."""

import json
import shutil
import subprocess

import pytest

from support.columba import hash_of, program, run
from support.matrix import APP_ID, push, unique
from support.processes import free_port


def ask(gateway, *words, status=0):
    """What the command says as JSON, of the gateway's configuration."""
    path = gateway.write_config("columbactl")
    shown, _ = run("columbactl", "--config", path, "--json", *words, status=status)
    return json.loads(shown)


def test_health_of_an_admin_port(gateway):
    for one in (gateway.ingress, gateway.dispatcher):
        for path in ("health", "ready"):
            shown, _ = run("columbactl", "health", f"http://127.0.0.1:{one.admin_port}/{path}")
            assert isinstance(json.loads(shown), dict)


def test_health_tells_unwell_from_away(gateway):
    base = f"http://127.0.0.1:{gateway.ingress.admin_port}"

    _, said = run("columbactl", "health", f"{base}/nowhere", status=1)
    assert "answers 404" in said
    run("columbactl", "health", f"http://127.0.0.1:{free_port()}/ready", status=3)
    run("columbactl", "health", "gopher://127.0.0.1/", status=2)
    run("columbactl", "health", f"{base}/ready", "--timeout", "soon", status=2)


def complete(*words):
    """What bash offers for the last of the words."""
    script, _ = run("columbactl", "completion", "bash")
    line = " ".join(f"'{word}'" for word in words)
    script += f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _columbactl; echo ${{COMPREPLY[@]}}"
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    return ran.stdout.split()


def test_bash_completes_commands():
    assert complete("columbactl", "to") == ["topics"]
    assert complete("columbactl", "--json", "topics", "") == ["create", "show"]
    assert complete("columbactl", "health", "--ti") == ["--timeout"]


@pytest.mark.skipif(shutil.which("man") is None, reason="there is no man(1) here")
def test_the_page_is_one_for_man(tmp_path):
    page = tmp_path / "columbactl.1"
    page.write_text(run("columbactl", "man")[0])

    ran = subprocess.run(["man", "--warnings", "-l", str(page)], capture_output=True, text=True,
                         check=True)

    assert "topics create" in ran.stdout
    assert ran.stderr == ""


def test_help_lists_what_there_is():
    shown, _ = run("columbactl", "--help")
    assert program("columbactl").name in shown
    one, _ = run("columbactl", "health", "--help")
    assert "Usage: columbactl health URL [--timeout DURATION]" in one


def test_a_dead_pushkey_is_shown_and_forgiven(gateway):
    pushkey = unique("dead")
    gateway.notify(push(pushkey))
    gateway.wait_outcomes(pushkey, outcome="rejected")

    shown = ask(gateway, "pushkey", "show", APP_ID, pushkey)
    assert shown["h"] == hash_of(APP_ID, pushkey)
    assert shown["verdict"]["reason"] == "UNREGISTERED"
    assert shown["lane"] == "fcm"
    assert gateway.notify(push(pushkey)).rejected == [pushkey]

    assert ask(gateway, "pushkey", "forgive", APP_ID, pushkey)["forgiven"]

    assert ask(gateway, "pushkey", "show", APP_ID, pushkey)["verdict"] is None
    assert gateway.notify(push(pushkey)).rejected == []


def test_a_hold_is_shown_and_forgiven(gateway):
    pushkey = unique("-held")
    key = f"columba:h:{hash_of(APP_ID, pushkey)}"
    gateway.redis.command("SET", key, '{"until":1700000000000,"newest":0}', "PX", "60000")

    held = ask(gateway, "pushkey", "show", "--", APP_ID, pushkey)["hold"]
    assert held["until_ms"] == 1700000000000
    assert 0 < held["lifetime_ms"] <= 60000

    ask(gateway, "pushkey", "forgive", "--", APP_ID, pushkey)
    assert gateway.redis.command("EXISTS", key) == 0


def entries(gateway):
    (lane,) = ask(gateway, "gates", "fcm")["lanes"]
    return [entry for entry in lane["entries"] if entry["holds"]]


def test_a_gate_is_closed_and_opened(gateway):
    assert entries(gateway) == []

    ask(gateway, "gate", "close", APP_ID, "--for", "30m", "--reason", "maintenance")

    (entry,) = entries(gateway)
    assert entry["name"] == f"{APP_ID}|operator"
    assert (entry["state"], entry["reason"]) == ("closed", "maintenance")
    assert entry["until_ms"] - entry["at_ms"] == 30 * 60 * 1000
    assert gateway.redis.command("TTL", "columba:g:fcm") > 29 * 86400
    ask(gateway, "gate", "open", APP_ID)
    assert entries(gateway) == []
    assert "no operator has closed" in ask(gateway, "gate", "open", APP_ID, status=1)["error"]


def test_what_cannot_be_asked(gateway):
    assert "no lane" in ask(gateway, "gates", "nowhere", status=2)["error"]
    assert "no app" in ask(gateway, "gate", "close", "org.unknown", status=2)["error"]
    assert "--for soon" in ask(gateway, "gate", "close", APP_ID, "--for", "soon", status=2)["error"]


def test_redis_that_is_away_is_named(gateway):
    away = f"127.0.0.1:{free_port()}"
    path = gateway.write_config("away", {"redis": {"address": away}})

    _, said = run("columbactl", "--config", path, "gates", status=3)

    assert f"Redis at {away} does not answer" in said.splitlines()[-1]
