"""What an export may hold is counted in its bytes, in both encodings: before there are objects of
it.
"""

import gzip
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from api.routes.ingest import traces
from core.ai_metrics.otlp import exports, spans
from core.ai_metrics.otlp import mapping as otlp
from core.ai_metrics.otlp.contents import exchange_of
from tests.api.conftest import Client, caller
from tests.factories.keys import api_key, bearing
from tests.factories.spans import CHAT, as_json, packed, span, unpacked

KINDS = {"application/x-protobuf": packed, "application/json": as_json}
EVERY = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def sender(address: str, client: Client) -> Iterator[httpx2.Client]:
    with caller(address, bearing(api_key())) as program:
        yield program


def sent(sender: httpx2.Client, kind: str, body: bytes) -> httpx2.Response:
    return sender.post("/otlp/v1/traces", content=body, headers={"Content-Type": kind})


def of_length(size: int) -> bytes:
    written = bytearray()
    while size > 127:
        written.append(size & 127 | 128)
        size >>= 7
    return bytes([*written, size])


def field(number: int, body: bytes) -> bytes:
    return of_length(number << 3 | 2) + of_length(len(body)) + body


@EVERY
def test_too_many_empty_spans_are_refused(sender: httpx2.Client, kind: str) -> None:
    many = exports.MOST_SPANS + 1
    body = b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b"{}," * many + b"{}]}]}]}"
    if kind != "application/json":
        body = field(1, field(2, b"\x12\x00" * many))
    answer = sent(sender, kind, body)
    assert (answer.status_code, b"has at most" in answer.content) == (400, True)


TOO_MUCH: dict[str, Any] = {
    "a long text": {"a": "x" * 2**20},
    "empty lists": {"a": [[]] * 60_000},
    "many attributes": {f"a{number}": 1 for number in range(40_001)},
}


@EVERY
@pytest.mark.parametrize("attributes", TOO_MUCH.values(), ids=TOO_MUCH)
def test_a_span_with_too_much_in_it_costs_no_good_one(
    sender: httpx2.Client, kind: str, attributes: dict[str, Any]
) -> None:
    answer = sent(sender, kind, KINDS[kind](span(), span(CHAT | attributes)))
    assert answer.status_code == 200
    assert exports.TOO_LARGE.encode() in answer.content


@EVERY
def test_a_resource_with_too_much_in_it_is_refused(sender: httpx2.Client, kind: str) -> None:
    for attributes in TOO_MUCH.values():
        assert sent(sender, kind, KINDS[kind](span(), resource=attributes)).status_code == 400


def test_an_export_is_read_in_parts_that_keep_traces_together() -> None:
    traces = [number.to_bytes(16, "big").hex() for number in range(1, 4)]
    text = {"a": "x" * 400_000}
    parts = list(
        exports.read_protobuf(
            packed(*(span(CHAT | text, trace=trace) for trace in traces * 2))
        ).parts
    )
    assert [[each.trace_id for each in part] for part in parts] == [
        [trace, trace] for trace in traces
    ]


def test_messages_without_end_are_a_text() -> None:
    [read] = unpacked(packed(span(CHAT | {"gen_ai.input.messages": "[" + "{}," * 20_000 + "{}]"})))
    found = exchange_of(read)
    assert found is not None
    assert len(found.asked) == 1


def test_resources_of_any_number_are_each_read_once_where_they_stand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[int] = []

    def resource(body: bytes) -> dict[str, Any]:
        read.append(len(body))
        return {}

    monkeypatch.setattr(spans, "resource", resource)
    groups = [
        packed(span(), span(), resource={"name": f"{number}" + "x" * 200_000})
        for number in range(12)
    ]
    # Exports in protobuf are joined by being written one after another
    found = exports.read_protobuf(b"".join(groups))
    assert (found.count, sum(map(len, found.parts)), len(read)) == (24, 24, 12)


@pytest.mark.parametrize("place", [1, 2], ids=["resource", "span"])
def test_bytes_that_no_message_begins_with_are_refused_however_many(
    sender: httpx2.Client, place: int
) -> None:
    broken = b"\xfb\x06" * 2 * exports.MOST_VALUES  # groups of an unknown field, none of which ends
    body = field(1, field(place, broken if place == 1 else field(2, broken)))
    assert sent(sender, "application/x-protobuf", body).status_code == 400


@EVERY
def test_few_bytes_that_unpack_to_very_many_values_are_taken_up_to_a_number(
    sender: httpx2.Client, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "VALUES", 20_000)
    monkeypatch.setattr(traces, "VALUES_A_BYTE", 1)
    dense = {"a": [[1]] * 6_000}
    body = gzip.compress(KINDS[kind](*(span(CHAT | dense) for _ in range(4))))
    answer = sender.post(
        "/otlp/v1/traces", content=body, headers={"Content-Type": kind, "Content-Encoding": "gzip"}
    )
    assert (answer.status_code, b"values: send it as several" in answer.content) == (200, True)


def test_few_bytes_that_unpack_to_very_many_different_messages_are_taken_up_to_a_number(
    sender: httpx2.Client,
) -> None:
    said = {"gen_ai.input.messages": "[" + ",".join(["{}"] * 4_000) + "]"}
    body = gzip.compress(packed(*(span(CHAT | said) for _ in range(6))))
    kind = "application/x-protobuf"
    answer = sender.post(
        "/otlp/v1/traces", content=body, headers={"Content-Type": kind, "Content-Encoding": "gzip"}
    )
    assert (answer.status_code, b"of them different. Split it" in answer.content) == (200, True)


def test_a_history_that_comes_with_each_request_counts_once() -> None:
    said = {
        "gen_ai.conversation.id": "c",
        "gen_ai.input.messages": "[" + ",".join(['{"role":"user","content":"x"}'] * 50) + "]",
    }
    outcome = traces.SpanOutcome()
    for _ in range(2):
        outcome.add(otlp.mapped(unpacked(packed(*(span(CHAT | said) for _ in range(20))))))
    assert (outcome.messages, outcome.different) == (2_000, 50)


def test_usual_spans_count_for_few_values() -> None:
    texts = {
        "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "'
        + "Zoé said: *2" * 400
        + '"}]}]'
    }
    found = exports.read_protobuf(packed(*(span(CHAT | texts) for _ in range(20))), 10_000)
    assert (sum(map(len, found.parts)), found.refused.total()) == (20, 0)
