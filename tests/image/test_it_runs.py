"""Both programs from the image: nobody's user, nothing writable, no capability, little memory."""

import re

from conftest import MEMORY_MIB

from support.matrix import push, unique
from support.processes import wait_until


def status_of(program):
    text = program.execute("cat", "/proc/1/status")
    return dict(re.findall(r"^(\w+):\t(.*)$", text, re.MULTILINE))


def test_a_push_is_delivered_and_a_dead_pushkey_comes_back(gateway):
    token = unique()
    gateway.deliver(push(token), token)

    dead = unique("dead")
    assert gateway.notify(push(dead)).rejected == []
    gateway.wait_outcomes(dead, outcome="rejected")
    wait_until(
        "the pushkey is rejected",
        lambda: gateway.notify(push(dead)).rejected == [dead],
        20,
        [gateway.ingress, gateway.dispatcher],
    )


def test_they_are_nobody_and_may_nothing(gateway):
    for program in gateway.programs:
        status = status_of(program)
        assert status["Uid"].split() == ["65532"] * 4
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
        assert status["NoNewPrivs"] == "1"
        host = program.state()["HostConfig"]
        assert host["ReadonlyRootfs"] is True
        assert host["Memory"] == MEMORY_MIB * 1024 * 1024
        program.execute("touch", "/tmp/x", status=1)


def test_they_are_the_first_process_of_their_container(gateway):
    """No init and no shell between the runtime's SIGTERM and the program."""
    for program in gateway.programs:
        assert status_of(program)["Name"] == program.name[:15]


def test_health_is_asked_as_the_image_says(gateway):
    for program in gateway.programs:
        url = f"http://127.0.0.1:{program.admin_port}"
        assert '"' in program.execute("columbactl", "health", f"{url}/health")
        program.execute("columbactl", "health", f"{url}/ready")
        program.execute("columbactl", "health", f"{url}/nothing", status=1)


def test_sigterm_ends_them_cleanly(gateway):
    """Process 1 has no default action for a signal: whoever forgot its handler would be killed."""
    for program in list(gateway.programs):
        assert program.stop() == 0, program.describe()
        assert '"event":"stopped"' in program.log()
