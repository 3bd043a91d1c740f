"""A changed configuration is taken over without a restart: at SIGHUP, or when the file is another.
Nothing on its way is lost by it, and what is wrong with a new file leaves the old one in force."""

import json
import os

from support import kafka
from support.load import Load, failures
from support.matrix import APP_ID, device, notification, push, unique
from support.processes import wait_until

WATCHED_S = 30  # two looks at the file are some seconds apart
GONE = {"type": "retired"}


def push_to(app_id, pushkey):
    return notification(device(pushkey, app_id))


def metric(one, name, **labels):
    return one.metrics().sum(f"{one.name.replace('-', '_')}_{name}", **labels)


def reloads(one, result):
    return metric(one, "config_reloads_total", result=result)


def config_of(one, path="/status"):
    return json.loads(one.get(path).body)["config"]


def both(gateway):
    return [gateway.dispatcher, gateway.ingress]


def add_app(one, app_id, app):
    """For good: what has had pushes cannot be dropped by the next test."""
    one.settings["apps"][app_id] = app
    one.reconfigure()


def lines_of(one, event, since=0):
    return [line for line in one.log_lines() if line["event"] == event][since:]


def assert_no_dead_letters(gateway):
    assert kafka.read_topic(gateway.queue.bootstrap, gateway.topic("dead.fcm")) == []


def test_an_app_is_added_under_load(own):
    sent = []

    def requests():
        while True:
            sent.append(unique())
            yield sent[-1], json.dumps(push(sent[-1])).encode()

    load = Load(lambda: own.ingress.port, 8, requests()).start()
    wait_until("the load is on its way", lambda: load.answer_count() > 100, 30, both(own))
    for one in both(own):
        add_app(one, "chat.columba.added", own.fcm.app())
        for turn in range(4):
            one.reconfigure({"ingress": {"device_limit": 500 + turn}})
    own.deliver(push_to("chat.columba.added", pushkey := unique()), pushkey)
    count = load.answer_count()
    wait_until("the load goes on", lambda: load.answer_count() > count + 100, 30, both(own))
    results = load.stop()

    assert failures(results) == []
    own.wait_settled(len(results) + 1, outcome="delivered", timeout_s=60)
    delivered = [line["token"] for line in own.fcm.delivered()]
    assert sorted(delivered) == sorted([*sent, pushkey])
    assert_no_dead_letters(own)


def test_an_app_that_the_dispatcher_learns_of_later_waits_for_it(own):
    add_app(own.ingress, "chat.columba.early", own.fcm.app())
    pushkey = unique()
    assert own.notify(push_to("chat.columba.early", pushkey)).rejected == []
    own.wait_outcomes(pushkey, outcome="moved", app_id="chat.columba.early")

    add_app(own.dispatcher, "chat.columba.early", own.fcm.app())

    own.fcm.wait_for(pushkey, timeout_s=60)
    assert own.settled(outcome="rejected") == 0
    assert_no_dead_letters(own)


def test_what_is_on_the_wire_ends_by_the_configuration_it_began_with(own):
    app_id = "chat.columba.slow"
    for one in both(own):
        add_app(one, app_id, own.fcm.app())
    slow = [unique("slow1500") for _ in range(20)]
    for pushkey in slow:
        assert own.notify(push_to(app_id, pushkey)).rejected == []
    wait_until(
        "they are on the wire",
        lambda: metric(own.dispatcher, "in_flight") == len(slow),
        20,
        both(own),
    )
    for one in both(own):
        add_app(one, app_id, GONE)

    for pushkey in slow:
        own.wait_outcomes(pushkey, outcome="delivered", app_id=app_id)
        assert len(own.fcm.received(pushkey)) == 1
    assert own.notify(push_to(app_id, pushkey := unique())).rejected == [pushkey]


def test_a_broken_file_is_refused_until_it_is_mended(own):
    loaded = [metric(one, "config_loaded_timestamp_seconds") for one in both(own)]
    for one in both(own):
        assert metric(one, "config_reload_failed") == 0
        one.write_config({"nonsense": 1})
    for one, since in zip(both(own), loaded, strict=True):
        wait_until("it is seen", lambda: metric(one, "config_reload_failed") == 1, WATCHED_S, [one])
        assert metric(one, "config_loaded_timestamp_seconds") == since > 0
        for path in ("/ready", "/status"):
            config = config_of(one, path)
            assert config["failed"] and "nonsense: is not a key" in config["reason"]
        assert one.is_ready()
        assert lines_of(one, "config_refused")[-1]["level"] == "error"
    own.deliver(push(pushkey := unique()), pushkey)

    for one in both(own):
        add_app(one, "chat.columba.mended", own.fcm.app())
        assert metric(one, "config_reload_failed") == 0
        assert config_of(one, "/ready")["failed"] is False
    own.deliver(push_to("chat.columba.mended", pushkey := unique()), pushkey)


def test_a_file_that_is_gone_is_refused(own):
    for one in both(own):
        one.config_path.unlink()
        one.hang_up("refused")
        assert "No such file" in config_of(one)["reason"]
        one.reconfigure()
    own.deliver(push(pushkey := unique()), pushkey)


def test_an_app_in_use_is_not_dropped_and_one_without_pushes_is(own):
    own.deliver(push(pushkey := unique()), pushkey)
    for one in both(own):
        one.reconfigure({"apps": {APP_ID: None, "chat.columba.unused": GONE}}, result="refused")
        reason = config_of(one)["reason"]
        assert reason.startswith(f"apps.{APP_ID}: is missing, but had a push within a day"), reason
        one.reconfigure({"apps": {"chat.columba.unused": GONE}})
    assert own.notify(push_to("chat.columba.else", "else")).rejected == []

    for one in both(own):
        one.reconfigure()
    own.deliver(push(pushkey := unique()), pushkey)


def test_keys_that_take_a_restart_are_named(own):
    own_keys = (("dispatcher", {"connections": 9}), ("ingress", {"idle_timeout": "300s"}))
    for one, (section, change) in zip(both(own), own_keys, strict=True):
        known = len(lines_of(one, "config_needs_restart"))
        one.reconfigure({"redis": {"timeout": "900ms"}}, {section: change})
        assert config_of(one)["needs_restart"] == f"redis.timeout, {section}.{next(iter(change))}"
        warned = lines_of(one, "config_needs_restart", known)
        assert [line["level"] for line in warned] == ["warning"]
        one.reconfigure({"retry": {"delays": ["1s"]}}, result="refused")
        one.reconfigure()
        assert config_of(one)["needs_restart"] is None
    own.deliver(push(pushkey := unique()), pushkey)


def test_a_rotated_service_account_needs_no_restart(own):
    own.deliver(push(pushkey := unique()), pushkey)

    own.fcm.control(rotate=True)

    own.deliver(push(pushkey := unique()), pushkey)
    assert own.fcm.stats() | {"mints": 1, "refused": 0} == own.fcm.stats()


def test_a_swapped_link_is_a_changed_file(own):
    """As Kubernetes does it: the file is a link through ..data, and ..data is renamed over."""
    before = {}
    for one in both(own):
        path = one.config_path
        mount = path.parent / f"mount-{one.name}"
        added = {"apps": {"chat.columba.swapped": own.fcm.app()}}
        for version, change in (("1", {}), ("2", added)):
            (mount / version).mkdir(parents=True)
            one.write_config(change, path=mount / version / "columba.yaml")
        (mount / "..data").symlink_to("1")
        link = path.with_suffix(".link")
        link.symlink_to(mount / "..data" / "columba.yaml")
        os.replace(link, path)
        one.hang_up()
        before[one] = reloads(one, "taken")
        (mount / "..data_tmp").symlink_to("2")
        os.replace(mount / "..data_tmp", mount / "..data")

    for one in both(own):
        wait_until("it is seen", lambda: reloads(one, "taken") > before[one], WATCHED_S, [one])
    own.deliver(push_to("chat.columba.swapped", pushkey := unique()), pushkey)


def test_a_new_lane_is_served_at_once(gateways):
    gateway = gateways.open(started=False)
    app = gateway.fcm.app(lane="other")
    gateway.settings["apps"]["chat.columba.lane"] = app
    gateway.prepare()
    gateway.settings["apps"].pop("chat.columba.lane")
    gateway.start_ingress().wait_ready()
    gateway.start_dispatcher().wait_ready()
    for one in both(gateway):
        add_app(one, "chat.columba.lane", app)

    pushkey = unique()
    assert gateway.notify(push_to("chat.columba.lane", pushkey)).rejected == []

    gateway.fcm.wait_for(pushkey, timeout_s=40)
    lanes = json.loads(gateway.dispatcher.get("/status").body)["lanes"]
    assert [lane["lane"] for lane in lanes] == ["fcm", "other"]


def test_a_rotated_password_of_redis_is_taken_over_by_itself(gateways, tmp_path):
    secret = tmp_path / "redis"
    secret.write_text("first\n")
    gateway = gateways.open({"redis": {"password_file": str(secret)}}, started=False)
    gateway.redis.command("ACL", "SETUSER", "default", "resetpass", ">first")
    gateway.start()
    gateway.wait_for_redis()
    before = {one: reloads(one, "taken") for one in both(gateway)}

    gateway.redis.told("first", "ACL", "SETUSER", "default", "resetpass", ">second")
    secret.write_text("second\n")
    for one in both(gateway):
        wait_until("it is seen", lambda: reloads(one, "taken") > before[one], WATCHED_S, [one])
        assert config_of(one)["needs_restart"] is None
    gateway.redis.told("second", "CLIENT", "KILL", "TYPE", "normal")

    gateway.wait_for_redis()
    dead = unique("dead")
    assert gateway.notify(push(dead)).rejected == []
    gateway.wait_outcomes(dead, outcome="rejected")
    assert gateway.notify(push(dead)).rejected == [dead]
