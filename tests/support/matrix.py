"""Notify bodies, as homeservers write them."""

import itertools
import re
import time

APP_ID = "chat.columba.android"
UNIQUE = re.compile(r"[a-z0-9]+-\d+-[0-9a-f]+")  # what unique() makes

# When the pushers of the tests were registered, unless a test says otherwise.
REGISTERED_AT = int(time.time()) - 3600

_numbers = itertools.count(1)


def unique(prefix="ok"):
    """A pushkey that no other test has. Its beginning tells the fake provider how to answer."""
    return f"{prefix}-{next(_numbers)}-{time.time_ns():x}"


def event_id():
    return f"${unique('event')}"


def now_s():
    return int(time.time())


def device(pushkey, app_id=APP_ID, **fields):
    """Fields of None are left out."""
    made = {"app_id": app_id, "pushkey": pushkey, "pushkey_ts": REGISTERED_AT, "data": {}}
    return {name: value for name, value in {**made, **fields}.items() if value is not None}


def notification(*devices, **fields):
    """An event-id-only push for these devices. Fields of None are left out."""
    made = {
        "event_id": event_id(),
        "room_id": "!room:columba.example",
        "prio": "high",
        "counts": {"unread": 1},
        "devices": list(devices),
        **fields,
    }
    return {
        "notification": {name: value for name, value in made.items() if value is not None}
    }


def push(pushkey, **fields):
    """For one pushkey of the app that every test configuration has."""
    return notification(device(pushkey), **fields)


def badge(pushkey, unread):
    """As Synapse updates a badge."""
    return {
        "notification": {
            "id": "",
            "type": None,
            "sender": "",
            "counts": {"unread": unread},
            "devices": [device(pushkey)],
        }
    }
