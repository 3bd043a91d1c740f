"""Every dispatcher tells Redis how it is, and shows all of the fleet; who is silent is forgotten."""

import json
import time

from support.matrix import push, unique
from support.processes import wait_until

KEY = "columba:d"


def fleet(program):
    return {one["instance"]: one for one in program.get("/status").json()["fleet"]}


def test_the_fleet(own):
    first, second = own.dispatcher, own.start_dispatcher().wait_ready()
    now_ms = int(time.time() * 1000)
    for instance, value in (("gone-1", {"at": now_ms - 120_000, "version": "0", "lanes": []}), ("broken-1", "no member")):
        own.redis.command("HSET", KEY, instance, json.dumps(value))

    names = {one.get("/status").json()["instance"] for one in (first, second)}
    for one in (first, second):
        wait_until("it knows both", lambda one=one: set(fleet(one)) == names, 20, [first, second])
        for member in fleet(one).values():
            assert member["lanes"][0]["lane"] == "fcm"
            assert {"partitions", "outcomes", "gates", "in_flight"} <= set(member["lanes"][0])
    wait_until("nobody else is kept", lambda: set(own.redis.command("HKEYS", KEY)) == names, 20, [first])

    assert second.stop() == 0
    wait_until("the one that ended is forgotten", lambda: len(fleet(first)) == 1, 40, [first])


def test_status_tells_of_outcomes_hosts_and_failures(own):
    own.deliver(push(living := unique()), living)
    dead = unique("dead")
    own.notify(push(dead))
    own.wait_outcomes(dead)

    status = own.dispatcher.get("/status").json()

    outcomes = status["lanes"][0]["outcomes"]
    assert outcomes["delivered"] >= 1 and outcomes["rejected"] >= 1
    details = status["details"][0]
    assert [host["host"] for host in details["hosts"]] == [own.fcm.url.partition("://")[2]]
    assert details["hosts"][0]["answers"] >= 2
    failure = details["failures"][0]
    assert (failure["outcome"], failure["reason"], failure["code"]) == ("rejected", "UNREGISTERED", 404)
    assert dead not in json.dumps(status)
