"""10,000 bodies with something broken in them: each is answered 200 or 4xx, nothing crashes, and
the programs still work afterwards. The seed is fixed, so that a failure repeats."""

import random
import re
from pathlib import Path

from support.load import Load
from support.matrix import push, unique

SEED = 20240917
BODY_COUNT = 10_000
TESTS = Path(__file__).parents[1]
CORPUS = sorted((TESTS / "scenario/shapes").glob("*.json"))
CORPUS += sorted((TESTS / "fuzz/corpus/notification").glob("*.json"))
VALUE = re.compile(rb":\s*([^,}\]]*)")
TOKENS = [
    b"null", b"true", b"-1", b"1e999", b"0.1", b'""', b"[]", b"{}", b"9223372036854775808",
    b'"\\ud800"', b'"\\u0000"', b"\xff", b"\x00", b"\xf0\x9f\x95\x8a", b"," * 3, b"[" * 80,
    b'"app_id":', b'"devices":[{}],', b'"pushkey":{"a":1},', b"9" * 400, b"x" * 5000,
]


def cut(chance, body):
    return body[: chance.randrange(len(body))]


def flip(chance, body):
    at = chance.randrange(len(body))
    return body[:at] + bytes([body[at] ^ (1 << chance.randrange(8))]) + body[at + 1 :]


def insert(chance, body):
    at = chance.randrange(len(body))
    return body[:at] + chance.choice(TOKENS) + body[at:]


def replace(chance, body):
    """Puts a token in the place of a whole value."""
    values = list(VALUE.finditer(body))
    if not values:
        return body
    start, end = chance.choice(values).span(1)
    return body[:start] + chance.choice(TOKENS) + body[end:]


def repeat(chance, body):
    start = chance.randrange(len(body))
    part = body[start : start + chance.randrange(1, 200)]
    return body[:start] + part * chance.randrange(2, 20) + body[start:]


def splice(chance, body):
    other = chance.choice(CORPUS).read_bytes()
    return body[: chance.randrange(len(body))] + other[chance.randrange(len(other) + 1) :]


MUTATIONS = [cut, flip, insert, replace, repeat, splice]


def mutated(chance):
    body = chance.choice(CORPUS).read_bytes().replace(b"PUSHKEY", unique().encode())
    for _ in range(chance.randrange(1, 4)):
        if body:
            body = chance.choice(MUTATIONS)(chance, body)
    return body


def test_mutated_bodies(gateway):
    chance = random.Random(SEED)
    bodies = [mutated(chance) for _ in range(BODY_COUNT)]

    results = Load(
        lambda: gateway.ingress.port, 16, ((str(at), body) for at, body in enumerate(bodies))
    ).start().join(300)

    bad = [
        (result, bodies[int(result.name)][:300])
        for result in results
        if result.failure or not (result.status == 200 or 400 <= result.status < 500)
    ]
    assert bad == []
    assert len(results) == BODY_COUNT
    statuses = {result.status for result in results}
    assert {200, 400} <= statuses, statuses
    assert gateway.ingress.is_ready() and gateway.dispatcher.is_ready()
    gateway.deliver(push(last := unique()), last)
