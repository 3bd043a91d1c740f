"""deploy/local/up is what a newcomer types first: it starts everything, a push of each kind arrives,
and it says by its status when one did not."""

import json
import os
import re
import subprocess

import pytest

from support.processes import REPOSITORY

UP = REPOSITORY / "deploy/local/up"
PHONE = REPOSITORY / "deploy/local/phone.py"

# What the show says of each, and what its phone must have read.
KINDS = {
    "from Google:": {"event_id": "$hello", "priority": "high", "unread": "1"},
    "from Apple:": {"apns-topic": None, "apns-push-type": "alert", "event_id": "$hello"},
    "from a browser's push service, decrypted:": {"urgency": "normal", "event_id": "$hello"},
    "from a UnifiedPush server:": {"event_id": "$hello", "room_id": "!kitchen:example.org"},
    "from Huawei:": {"urgency": None, "event_id": "$hello"},
}


def blocks(text):
    """What the show says under each of its headings: the heading, then indented name and value."""
    found, heading = {}, None
    for line in text.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            heading = re.sub(r"^and these get, ", "", line)
            found[heading] = {}
        elif line.startswith("    ") and heading is not None:
            name, _, value = line.strip().partition(" ")
            found[heading][name] = value.strip()
    return found


@pytest.fixture(scope="module")
def show():
    # Whoever runs the tests may have told Columba things by the environment.
    environment = {name: value for name, value in os.environ.items() if "COLUMBA" not in name}
    return subprocess.run(
        [UP, "--once"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=500, env=environment, check=False,
    )


def test_it_ends_well(show):
    assert show.returncode == 0, show.stdout[-4000:]
    assert "✓ all of it happened" in show.stdout


@pytest.mark.parametrize("heading", KINDS)
def test_a_push_of_each_kind_arrives(show, heading):
    got = blocks(show.stdout).get(heading)

    assert got is not None, show.stdout[-4000:]
    assert re.fullmatch(r"20[01] \(taken\)", got["answer"]), got
    for name, value in KINDS[heading].items():
        assert name in got and value in (None, got[name]), got


def test_a_dead_pushkey_comes_back(show):
    assert '{"rejected":["dead-phone"]}' in show.stdout


def test_a_push_that_does_not_arrive_is_a_failure(tmp_path):
    """By what every kind's part of the show ends with when its phone got nothing."""
    received = tmp_path / "received.jsonl"
    message = {"token": "phone-1", "data": {"event_id": "$other"}}
    received.write_text(
        json.dumps({"token": "phone-1", "status": 200, "body": {"message": message}}) + "\n"
    )

    for event_id, status in (("$other", 0), ("$hello", 1)):
        shown = subprocess.run(
            [PHONE, "show", "fcm", received, "phone-1", event_id, "0"],
            capture_output=True, text=True, timeout=60, check=False,
        )
        assert shown.returncode == status, shown
