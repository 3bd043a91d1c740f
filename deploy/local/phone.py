#!/usr/bin/python3
"""Shows what a phone would have got, from what the fake FCM wrote down.

    phone.py FILE PUSHKEY EVENT_ID SECONDS

Waits for the message to that pushkey about that event, prints it, exits 0; 1 when it did not come."""

import json
import sys
import time

ANSWERS = {200: "taken", 404: "refused: this pushkey is dead"}


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


def is_wanted(line, pushkey, event_id):
    message = line["body"].get("message", {}) if isinstance(line["body"], dict) else {}
    return pushkey in (message.get("token"), message.get("fid")) and (
        message.get("data", {}).get("event_id") == event_id
    )


def show(line):
    message = line["body"]["message"]
    print(f"    phone       {message.get('token') or message.get('fid')}")
    print(f"    answer      {line['status']} ({ANSWERS.get(line['status'], 'not taken')})")
    print(f"    priority    {message.get('android', {}).get('priority', '-')}")
    for name, value in message.get("data", {}).items():
        print(f"    {name:10}  {value}")


def main():
    path, pushkey, event_id, seconds = sys.argv[1:5]
    deadline = time.monotonic() + float(seconds)
    offset = 0
    while True:
        lines, offset = messages(path, offset)
        for line in lines:
            if is_wanted(line, pushkey, event_id):
                show(line)
                return 0
        if time.monotonic() > deadline:
            return 1
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
