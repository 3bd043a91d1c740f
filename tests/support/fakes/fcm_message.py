"""What FCM HTTP v1 takes for a message, and how it words its refusals."""

import json
import re

from http2 import Answer

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
QUOTA_FAILURE = "type.googleapis.com/google.rpc.QuotaFailure"

DATA_LIMIT_BYTES = 4096
TTL = re.compile(r"^\d+(\.\d{1,9})?s$")
RESERVED_KEY = re.compile(r"^(from|message_type|google\..*|gcm\.notification\..*)$")
REQUEST_FIELDS = {"message", "validate_only"}
MESSAGE_FIELDS = set(
    "name data notification android webpush apns fcm_options token fid topic condition".split()
)
ANDROID_FIELDS = set(
    "collapse_key priority ttl restricted_package_name data notification fcm_options "
    "direct_boot_ok bandwidth_constrained_ok restricted_satellite_ok".split()
)
TARGETS = ("token", "fid", "topic", "condition")


class Invalid(Exception):
    """A field and what is wrong with it."""

    def __init__(self, field, description):
        super().__init__(description)
        self.field = field


def error(status, code, message, error_code=None, details=(), headers=()):
    """An answer in Google's error JSON. error_code adds the FcmError detail."""
    details = list(details)
    if error_code is not None:
        details.insert(0, {"@type": FCM_ERROR, "errorCode": error_code})
    body = {"code": status, "message": message, "status": code}
    if details:
        body["details"] = details
    return Answer(
        status,
        json.dumps({"error": body}, indent=2).encode(),
        (("content-type", "application/json; charset=UTF-8"), *headers),
    )


def invalid_field(invalid):
    violation = {"field": invalid.field, "description": str(invalid)}
    details = [{"@type": BAD_REQUEST, "fieldViolations": [violation]}]
    return error(400, "INVALID_ARGUMENT", str(invalid), None, details)


def _snake(name):
    return re.sub(r"[A-Z]", lambda match: "_" + match.group().lower(), name)


def _only_known(value, known, path):
    """The object with its keys in snake case, as protobuf's JSON reads both spellings."""
    if not isinstance(value, dict):
        raise Invalid(path, f"Invalid value at '{path}' (TYPE_MESSAGE)")
    fields = {_snake(name): item for name, item in value.items()}
    for name in fields:
        if name not in known:
            raise Invalid(
                path,
                f'Invalid JSON payload received. Unknown name "{name}" at \'{path}\': '
                "Cannot find field.",
            )
    return fields


def _check_data(data, path):
    if not isinstance(data, dict):
        raise Invalid(path, f"Invalid value at '{path}' (TYPE_MESSAGE)")
    size = 0
    for index, (key, value) in enumerate(data.items()):
        if not isinstance(value, str):
            raise Invalid(
                f"{path}[{index}].value",
                f"Invalid value at '{path}[{index}].value' (TYPE_STRING), {json.dumps(value)}",
            )
        if RESERVED_KEY.match(key):
            raise Invalid(path, f"Invalid data payload key: {key}")
        size += len(key.encode()) + len(value.encode())
    return size


def _check_android(android):
    fields = _only_known(android, ANDROID_FIELDS, "message.android")
    if fields.get("priority", "normal") not in ("normal", "high", "NORMAL", "HIGH"):
        raise Invalid("message.android.priority", "Invalid value at 'message.android.priority'")
    if "ttl" in fields and not TTL.match(str(fields["ttl"])):
        raise Invalid("message.android.ttl", "Invalid duration format at 'message.android.ttl'")
    if not isinstance(fields.get("collapse_key", ""), str):
        raise Invalid("message.android.collapse_key", "Invalid value (TYPE_STRING)")
    if "data" in fields:
        _check_data(fields["data"], "message.android.data")


def check(body):
    """Returns (kind of target, target) of a request that FCM would take; raises Invalid."""
    try:
        request = json.loads(body)
    except ValueError:
        raise Invalid("", "Invalid JSON payload received. Unexpected token.") from None
    request = _only_known(request, REQUEST_FIELDS, "")
    message = _only_known(request.get("message"), MESSAGE_FIELDS, "message")
    targets = [name for name in TARGETS if message.get(name)]
    if len(targets) != 1:
        raise Invalid("message", "Exactly one of token, topic or condition is required")
    target = message[targets[0]]
    if not isinstance(target, str):
        raise Invalid(f"message.{targets[0]}", "Invalid value (TYPE_STRING)")
    if _check_data(message.get("data", {}), "message.data") > DATA_LIMIT_BYTES:
        raise Invalid("message.data", "Message payload is too big (limit: 4096 bytes)")
    if "android" in message:
        _check_android(message["android"])
    return targets[0], target
