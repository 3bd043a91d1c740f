"""columbactl: what an operator asks and changes by hand, on running programs."""

import json
import shutil
import subprocess

import pytest

from support.columba import program, run
from support.processes import free_port


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
