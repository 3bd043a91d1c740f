#!/usr/bin/python3
"""The phones of the show: how they are registered, and what they got, from what the fakes of their
providers wrote down.

    phone.py devices NAME ENDPOINTS    the devices of a notify body, one of each kind, as JSON;
                                       ENDPOINTS is the address of the fake that has them
    phone.py show KIND FILE NAME EVENT_ID SECONDS
                                       waits for that push, prints it, exits 0; 1 when it did not come
"""

import base64
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests/support/fakes"))

from signed_token import base64url  # noqa: E402
from subscription import Subscription  # noqa: E402

SHOWN_CHARACTERS = 80


def devices(name, endpoints):
    browser = Subscription(name)
    endpoint = f"{endpoints}/wp/{name}"
    return [
        {"app_id": "org.example.app", "pushkey": name},
        {"app_id": "org.example.ios", "pushkey": base64.b64encode(name.encode()).decode()},
        {
            "app_id": "org.example.web",
            "pushkey": browser.p256dh,
            "data": {"endpoint": endpoint, "auth": base64url(browser.auth)},
        },
        {"app_id": "org.example.unifiedpush", "pushkey": f"{endpoints}/up/{name}"},
        {"app_id": "org.example.huawei", "pushkey": name},
    ]


def _message(line):
    return line["body"].get("message", {}) if isinstance(line["body"], dict) else {}


def _fcm(line):
    return {"priority": _message(line).get("android", {}).get("priority"), **_message(line)["data"]}


def _apns(line):
    headers = line["headers"]
    names = ("apns-topic", "apns-push-type", "apns-priority")
    return {**{name: headers.get(name) for name in names}, **line["body"]}


def _webpush(line):
    return {"urgency": line["headers"].get("urgency"), **line["plaintext"]}


def _unifiedpush(line):
    return line["body"]["notification"]


def _hms(line):
    message = _message(line)
    return {"urgency": message.get("android", {}).get("urgency"), **json.loads(message["data"])}


# What a phone of each kind reads.
KINDS = {"fcm": _fcm, "apns": _apns, "webpush": _webpush, "unifiedpush": _unifiedpush, "hms": _hms}


def messages(path, offset):
    """Whole lines from that offset on, and where they end."""
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            text = file.read()
    except FileNotFoundError:
        return [], offset
    end = text.rfind(b"\n") + 1
    return [json.loads(line) for line in text[:end].splitlines()], offset + end


def read(kind, line, name, event_id):
    """What the phone of that name reads about the event, else nothing."""
    try:
        fields = KINDS[kind](line)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    is_its = name in (line.get("token"), _message(line).get("token"))
    return fields if is_its and fields.get("event_id") == event_id else None


def show(line, fields):
    dead = line["status"] in (404, 410)
    print(f"    {'answer':20}  {line['status']} ({'this pushkey is dead' if dead else 'taken'})")
    for name, value in fields.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        cut = "…" if len(text) > SHOWN_CHARACTERS else ""
        print(f"    {name:20}  {text[:SHOWN_CHARACTERS]}{cut}")


def wait_and_show(kind, path, name, event_id, seconds):
    deadline = time.monotonic() + float(seconds)
    offset = 0
    while True:
        lines, offset = messages(path, offset)
        for line in lines:
            fields = read(kind, line, name, event_id)
            if fields is not None:
                show(line, fields)
                return 0
        if time.monotonic() > deadline:
            return 1
        time.sleep(0.05)


def main():
    if sys.argv[1:2] == ["devices"] and len(sys.argv) == 4:
        print(json.dumps(devices(*sys.argv[2:])))
        return 0
    if sys.argv[1:2] == ["show"] and len(sys.argv) == 7:
        return wait_and_show(*sys.argv[2:])
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main())
