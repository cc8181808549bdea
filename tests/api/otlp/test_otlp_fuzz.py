"""Random spans: never a 500, and valid spans in a parsable body are stored."""

import json
from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from core.ai_metrics.models import AiRequest
from core.ai_metrics.otlp import dialects
from core.database.db import transaction
from tests.api.conftest import Client, caller
from tests.factories.keys import api_key, bearing
from tests.factories.spans import CHAT, as_json, packed, span

PATH = "/otlp/v1/traces"
PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}
NAMES = [
    *sorted(dialects.READ),
    "llm.input_messages.0.message.role",
    "llm.input_messages.99999999999.message.content",
    "llm.output_messages.x.message.content",
    "gen_ai.prompt.0.tool_calls.1.name",
    "gen_ai.completion.0",
    "gen_ai.prompt.",
    "other",
]
VALUES: tuple[Any, ...] = (
    True,
    0,
    -1,
    2**31,
    2**63 - 1,
    1e308,
    "",
    "x" * 129,
    "x" * 100_000,
    "\0",
    "a\0b",
    "\U0010ffff",
    "[]",
    "{}",
    "[1, null]",
    '[{"role": null, "parts": [null, 1, {"type": 7}, {"type": "tool_call"}, {"content": []}]}]',
    (
        '[{"role": "user", "content": {"\\u0000": "\\u0000"}, "tool_calls": [1, {"function": '
        '"x"}, {"name": ["y"]}]}]'
    ),
    (
        '[{"role": "assistant", "parts": [{"type": "tool_call", "name": {"a": 1}, "arguments": '
        '"{\\"\\\\u0000\\": 1}"}]}]'
    ),
    '{"messages": [{}, {"role": "user"}]}',
    '[{"role": "\\ud800", "parts": "\\udfff"}]',
    "[" * 10_000,
    '{"a":' * 10_000,
    [],
    [[], {"a": "\0"}],
    {"deep": {"er": [1, 2.5, None]}},
)
SEEDS = 40
TIMES: tuple[Any, ...] = ("0", 0, None, str(2**64 - 1), 10**30, "9" * 99, -1, "-5", "", " 7")


@pytest.fixture
def sender(address: str, client: Client) -> Iterator[httpx2.Client]:
    with caller(address, bearing(api_key())) as program:
        yield program


def stored(id_: str) -> bool:
    with transaction() as session:
        return session.scalar(select(AiRequest.status).where(AiRequest.external_id == id_)) == "ok"


def odd(chance: Random) -> dict[str, Any]:
    names = chance.sample(NAMES, k=chance.randint(1, 8))
    kind = chance.choice(
        [CHAT, {"openinference.span.kind": chance.choice(["LLM", "TOOL", "AGENT"])}, {}]
    )
    events = [
        {
            "name": chance.choice(["exception", "gen_ai.choice", "gen_ai.user.message", ""]),
            "attributes": [],
        }
    ]
    return span(
        kind | {name: chance.choice(VALUES) for name in names},
        trace="ab" * 16,
        parent="cd" * 8,
        events=events,
    )


def test_odd_attributes_lose_no_good_span(sender: httpx2.Client) -> None:
    for seed in range(SEEDS):
        chance, good = Random(seed), span()
        spans = [good, *(odd(chance) for _ in range(10))]
        body, headers = (packed(*spans), PROTOBUF) if seed % 2 else (as_json(*spans), JSON)
        assert sender.post(PATH, content=body, headers=headers).status_code == 200, seed
        assert stored(good["traceId"] + good["spanId"]), seed


def test_odd_times(sender: httpx2.Client) -> None:
    for name, given in product(("startTimeUnixNano", "endTimeUnixNano"), TIMES):
        good = span()
        answer = sender.post(PATH, content=as_json(good, span() | {name: given}), headers=JSON)
        assert answer.status_code == 200, (name, given)
        assert stored(good["traceId"] + good["spanId"]), (name, given)


def test_broken_protobuf_is_refused_or_read(sender: httpx2.Client) -> None:
    for seed in range(SEEDS):
        answer = sender.post(PATH, content=broken_protobuf(seed), headers=PROTOBUF)
        assert answer.status_code in (200, 400), seed


def broken_protobuf(seed: int) -> bytes:
    chance, body = Random(seed), bytearray(packed(*(odd(Random(seed)) for _ in range(2))))
    for _ in range(chance.randint(1, 30)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    cut = chance.randrange(len(body)) if seed % 3 == 0 else len(body)
    return bytes(body[:cut])


def test_broken_json_is_refused_or_read(sender: httpx2.Client) -> None:
    for seed in range(SEEDS):
        answer = sender.post(PATH, content=broken_json(seed), headers=JSON)
        assert answer.status_code in (200, 400), seed


def broken_json(seed: int) -> bytes:
    chance, given = Random(seed), json.loads(as_json(odd(Random(seed)), span()))
    place: Any = given
    key: Any = "resourceSpans"
    while isinstance(place[key], dict | list) and place[key] and chance.random() < 0.85:
        place = place[key]
        key = (
            chance.choice(list(place)) if isinstance(place, dict) else chance.randrange(len(place))
        )
    place[key] = chance.choice([None, 1, "x", [], {}, [None], [[]], 10**30, -1.5, True])
    return json.dumps(given).encode()
