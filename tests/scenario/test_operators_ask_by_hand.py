"""columbactl: what an operator asks and changes by hand, on running programs."""

import base64
import contextlib
import json
import re
import stat
import subprocess
import time

from support.columba import hash_of, program, run
from support.crowd import Crowd, notify
from support.matrix import APP_ID, push, unique
from support.processes import free_port, wait_until
from support.terminal import CONTROL, Terminal


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
    assert complete("columbactl", "topi") == ["topics"]
    assert complete("columbactl", "--json", "topics", "") == ["create", "show"]
    assert complete("columbactl", "health", "--ti") == ["--timeout"]


def test_fish_completes_commands(tmp_path):
    script = tmp_path / "columbactl.fish"
    script.write_text(run("columbactl", "completion", "fish")[0])

    def offered(line):
        ran = subprocess.run(["fish", "--no-config", "-c", f"source {script}; complete -C '{line}'"],
                             capture_output=True, text=True, check=True)
        assert ran.stderr == ""
        return [one.partition("\t")[0] for one in ran.stdout.splitlines()]

    assert offered("columbactl topi") == ["topics"]
    assert offered("columbactl topics ") == ["create", "show"]
    assert "--timeout" in offered("columbactl health --ti")


def test_zsh_completes_commands(tmp_path):
    """As it is installed: found by its name, and read when it is wanted first."""
    (tmp_path / "_columbactl").write_text(run("columbactl", "completion", "zsh")[0])
    with contextlib.closing(Terminal(["zsh", "-f"])) as terminal:
        terminal.type(f"fpath=({tmp_path} $fpath); autoload -U compinit; compinit -u -D; echo rea''dy\n")
        wait_until("zsh is ready", lambda: "ready" in terminal.text, 30)
        for typed, completed in (
            ("columbactl topi", "columbactl topics"),
            ("columbactl --config /etc/hosts topics cr", "topics create"),
            ("columbactl health --timeout 5s --js", "5s --json"),
        ):
            terminal.type(f"{typed}\t")
            wait_until(f"{typed} is completed", lambda: completed in CONTROL.sub("", terminal.text), 20)
            terminal.type("\x15")


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


def check(gateway, *changes, status=0):
    """What columbactl check says, by what it is about."""
    path = gateway.write_config("check", *changes)
    shown, _ = run("columbactl", "--config", path, "--json", "check", status=status)
    report = json.loads(shown)
    assert report["sound"] == (status == 0)
    return {about: [line for line in report["lines"] if line["about"] == about]
            for about in {line["about"] for line in report["lines"]}}


def test_check_finds_all_well(gateway):
    lines = check(gateway)

    assert {"configuration", "brokers", "topics", "redis", "dispatchers", "lane", "credential",
            "provider"} == set(lines) - {"gate"}
    assert lines["lane"][0]["text"].startswith("fcm: a lag of ")
    assert "has one" in lines["credential"][0]["text"]
    assert lines["provider"][0]["text"].endswith("answers")
    assert any("keeps nothing over a restart" in line["text"] for line in lines["redis"])


def test_check_names_what_is_wrong(gateway, tmp_path):
    (tmp_path / "broken.json").write_text("{}")
    wrong = check(gateway, {
        "redis": {"address": f"127.0.0.1:{free_port()}"},
        "retry": {"delays": ["300ms", "600ms", "700ms"]},
        "tracing": {"endpoint": f"http://127.0.0.1:{free_port()}/v1/traces"},
        "apps": {APP_ID: {"base_url": f"https://127.0.0.1:{free_port()}",
                          "service_account_file": str(tmp_path / "broken.json")}},
    }, status=1)

    for about, said in (("redis", "does not answer"), ("topics", "columbactl topics create"),
                        ("credential", "mend the key file"), ("provider", "cannot be reached"),
                        ("collector", "see tracing.endpoint")):
        (line,) = wrong[about]
        assert line["verdict"] == "wrong" and said in line["text"], line


def test_check_says_what_to_do_where_nobody_answers(gateway):
    """A line each, and the rest is checked all the same; what is only odd is said once."""
    path = gateway.write_config("away", {
        "queue": {"brokers": f"127.0.0.1:{free_port()}"},
        "redis": {"password": "wrong"},
        "apps": {APP_ID: {"service_account_file": "/nowhere/key.json"}},
    })

    shown, said = run("columbactl", "--config", path, "check", "--timeout", "5s", status=1)

    wrong = dict(re.findall(r"^WRONG +(\w+) +(.*)$", shown, re.M))
    assert "see queue.brokers, queue.properties and firewalls" in wrong["brokers"]
    assert "redis.password" in wrong["redis"]
    assert "mend the key file" in wrong["credential"]
    assert "/nowhere/key.json cannot be opened" in said
    assert said.count("config_single_replica") == 1
    assert re.search(r"^ok +provider ", shown, re.M), shown


def test_a_key_for_web_push_is_made_once(tmp_path):
    path = tmp_path / "vapid.pem"

    shown, _ = run("columbactl", "--json", "vapid", "generate", path)

    public = subprocess.run(["openssl", "ec", "-in", path, "-pubout", "-outform", "DER"],
                            capture_output=True, check=True).stdout[-65:]
    assert base64.urlsafe_b64encode(public).decode().rstrip("=") == json.loads(shown)["public_key"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    run("columbactl", "vapid", "generate", path, status=1)
    assert path.read_bytes() == before


def test_a_test_push_tells_what_became_of_it(gateway):
    ingress = f"http://127.0.0.1:{gateway.ingress.port}"
    for options in ((), ("--url", ingress)):
        pushkey = unique()
        (story,) = ask(gateway, "send", APP_ID, pushkey, *options)["stories"]
        assert story["end"] == "delivered"
        assert len(gateway.fcm.delivered(pushkey)) == 1

    dead = unique("dead")
    assert ask(gateway, "send", APP_ID, dead, status=1)["stories"][0]["end"] == "rejected"
    again = ask(gateway, "send", APP_ID, dead, "--url", ingress, status=1)
    assert "names the pushkey as rejected" in again["error"]
    pushkey = unique("internal")
    waiting = ask(gateway, "send", APP_ID, pushkey, "--timeout", "1s", status=1)
    assert waiting["stories"][0]["end"] in ("in_retry", "in_queue")
    # Tried without end, it would close the app's gate, which is everybody's here.
    gateway.fcm.control(revive=pushkey)


def test_a_test_push_that_would_have_its_pushkey_called_dead_is_not_sent(gateway, tmp_path):
    run("columbactl", "vapid", "generate", tmp_path / "vapid.pem")
    path = gateway.write_config("web", {"apps": {"org.web": {
        "type": "webpush", "lane": "fcm", "vapid_private_key": str(tmp_path / "vapid.pem"),
        "vapid_contact_email": "ops@example.com"}}})

    _, said = run("columbactl", "--config", path, "send", "org.web", "A" * 87, status=2)

    assert "can never be sent by webpush" in said and "--data" in said


MEMBER = {
    "version": "1.2.3",
    "lanes": [{
        "lane": "fcm", "ready": True, "in_flight": 5, "in_flight_bytes": 1, "oldest_ms": 125000,
        "partitions": [{"topic": "columba.push.fcm", "partition": 0, "state": "reading",
                        "position": 10, "lag": 42, "unsettled": 3}],
        "gates": [{"app": APP_ID, "host": None, "state": "latched", "reason": "THIRD_PARTY_AUTH",
                   "until_ms": 0, "waiting": 7, "in_flight": 0}],
    }],
}


def test_top_and_gates_show_what_dispatchers_say(gateways):
    gateway = gateways.open(started=False)
    path = gateway.write_config("columbactl")
    empty, _ = run("columbactl", "--config", path, "top")
    assert "No dispatcher has written" in empty
    said = {**MEMBER, "at": int(time.time() * 1000)}
    gateway.redis.command("HSET", "columba:d", "pod-1-7", json.dumps(said))
    gateway.redis.command("HSET", "columba:d", "gone", json.dumps({**said, "at": 1}))

    shown, _ = run("columbactl", "--config", path, "top")
    gates, _ = run("columbactl", "--config", path, "gates")

    assert re.search(r"^fcm +1 +- +- +42 +0 +2m 5s +5$", shown, re.M), shown
    assert re.search(rf"^fcm +{re.escape(APP_ID)} +- +latched +THIRD_PARTY_AUTH +7 +- +1$", shown, re.M), shown
    assert re.search(r"^pod-1-7 +1.2.3 +fcm +42 +\ds ago$", shown, re.M) and "gone" not in shown
    assert re.search(r"^fcm +\S+ +- +latched +7 +0 +pod-1-7 +THIRD_PARTY_AUTH$", gates, re.M), gates
    assert ask(gateway, "top")["dispatchers"][0]["status"]["version"] == "1.2.3"


def gate_of(gateway):
    """As the dispatcher has it."""
    (lane,) = gateway.dispatcher.get("/status").json()["lanes"]
    return next((gate for gate in lane["gates"] if gate["app"] == APP_ID), {})


def test_a_closed_gate_holds_pushes_back_until_it_is_opened(own):
    def gate():
        return gate_of(own)

    def is_held_back():
        return gate().get("waiting", 0) + own.settled(outcome="moved") > 0

    def closed_by_operators():
        return own.dispatcher.metrics().sum("columba_dispatcher_gates", reason="operator")

    own.deliver(push(before := unique()), before)
    ask(own, "gate", "close", APP_ID, "--reason", "maintenance")
    wait_until("the dispatcher heeds it", lambda: gate().get("state") == "closed", 20,
               [own.dispatcher])
    own.notify(push(held := unique()))
    wait_until("the push waits", is_held_back, 20, [own.dispatcher])
    assert own.fcm.received(held) == []
    assert closed_by_operators() == 1
    wait_until("check says how it is opened", lambda: any(
        f"columbactl gate open {APP_ID}" in line["text"] for line in check(own).get("gate", [])
    ), 20, [own.dispatcher])
    assert gate()["until_ms"] == 0

    ask(own, "gate", "close", APP_ID, "--for", "30m")
    wait_until("the dispatcher knows until when",
               lambda: 1700 < gate()["until_ms"] / 1000 - time.time() < 1801, 20, [own.dispatcher])
    assert own.fcm.received(held) == []

    ask(own, "gate", "open", APP_ID)

    own.fcm.wait_for(held)
    wait_until("none is closed", lambda: closed_by_operators() == 0, 20, [own.dispatcher])


def test_what_a_provider_closed_is_tried_at_once_by_who_closes_and_opens_it(own):
    """It asked for half an hour, and has told its customer since that all is well."""

    def cause(expected):
        wait_until(f"its cause is {expected}", lambda: gate_of(own).get("cause") == expected, 20, [own.dispatcher])

    own.deliver(push(before := unique()), before)
    own.fcm.control(answer="quota1800")
    own.notify(push(unique()))
    cause("wait")
    own.fcm.control(answer=None)

    ask(own, "gate", "close", APP_ID)
    cause("operator")
    ask(own, "gate", "open", APP_ID)

    own.deliver(push(after := unique()), after)
    cause(None)


def test_who_is_behind_is_told_while_no_dispatcher_runs(gateways):
    gateway = gateways.open(started=False)
    gateway.settings["apps"]["org.other"] = gateway.fcm.app()
    gateway.start()
    Crowd(gateway, 20).send().wait_delivered_at_once()
    gateway.wait_backlog("fcm")
    gateway.dispatcher.stop()
    late, others = Crowd(gateway, 30), Crowd(gateway, 5, app_id="org.other")
    assert notify(late, others) == []

    assert gateway.backlog("fcm") == ({APP_ID: 30, "org.other": 5}, 0)
    shown, _ = run("columbactl", "--config", gateway.write_config("columbactl"), "backlog")
    assert re.search(r": 35 pushes wait$", shown, re.M), shown
    rows = re.findall(rf"^({re.escape(APP_ID)}|org\.other) +(\d+) +(\d+) +- +\d+s +0$", shown, re.M)
    assert rows == [(APP_ID, "30", "30"), ("org.other", "5", "5")], shown
    (bounded,) = ask(gateway, "backlog", "fcm", "--limit", "10", status=1)["lanes"]
    assert (bounded["pushes"], bounded["unread"]) == (10, 25)

    gateway.start_dispatcher().wait_ready()
    late.wait_arrived()
    others.wait_arrived()
    wait_until("nobody is behind", lambda: gateway.backlog("fcm") == ({}, 0), 30)
