"""Chunks are limited by the size of their rows, not only by their number."""

from collections.abc import Iterator
from typing import Any

import pytest

from core.imports.ingest.chunks import Chunk, Identity, cut
from core.imports.parsed import ParsedRow, RowKind
from core.platform import clock

AT = "2026-11-20T09:00:00+00:00"
LARGEST = 2**20 - 1000
IDENTITY = Identity("a" * 64, clock.now())
ROWS: dict[RowKind, dict[str, Any]] = {
    RowKind.EVENTS: {"event_type": "page.view", "created_at": AT},
    RowKind.AI_REQUESTS: {"model": "m", "created_at": AT},
    RowKind.FEEDBACK: {"rating": 1, "conversation_id": "c", "created_at": AT},
    RowKind.USERS: {"id": "u", "created_at": AT},
    RowKind.BATCH_RUNS: {"status": "running", "started_at": AT},
    RowKind.CONVERSATIONS: {"messages": [], "created_at": AT},
    RowKind.DOCUMENTS: {"content": "x", "created_at": AT},
    RowKind.MEMORIES: {"content": "x", "created_at": AT},
}
every_kind = pytest.mark.parametrize("kind", list(ROWS))


def chunks(kind: RowKind, number: int, **more: Any) -> Iterator[Chunk]:  # noqa: ANN401  any JSON
    return cut(
        (ParsedRow(place, place, kind, ROWS[kind] | more) for place in range(1, number + 1)),
        IDENTITY,
        after=0,
    )


def sizes(found: Iterator[Chunk]) -> list[int]:
    return [sum(map(len, chunk.rows.values())) for chunk in found]


@every_kind
def test_a_chunk_of_large_rows_of_any_kind_is_cut_by_their_size(kind: RowKind) -> None:
    [first, *_] = sizes(chunks(kind, 40, extra={"note": "x" * LARGEST}))
    assert 0 < first * LARGEST <= 20 * 2**20


@every_kind
def test_a_chunk_of_empty_lists_is_cut_by_what_they_take_as_objects(kind: RowKind) -> None:
    [first, *_] = sizes(chunks(kind, 40, extra={"note": [[]] * 100_000}))
    assert 0 < first <= 10


@every_kind
def test_a_row_of_more_than_a_mebibyte_is_rejected(kind: RowKind) -> None:
    [chunk] = chunks(kind, 2, extra={"note": "x" * 2**20})
    assert ([bool(rows) for rows in chunk.rows.values()], len(chunk.problems)) == ([], 2)


@every_kind
def test_small_rows_of_any_kind_weigh_as_one(kind: RowKind) -> None:
    [chunk] = chunks(kind, 50, extra={"note": "x" * 500})
    assert chunk.weight == 50


def test_large_figures_and_lists_count_as_texts_do() -> None:
    [chunk] = chunks(
        RowKind.AI_REQUESTS, 1, tool_calls=[{"name": "x" * 100, "of": list(range(1000))}] * 100
    )
    assert chunk.weight > 150


def test_halves_of_characters_have_a_size_too() -> None:
    [chunk] = chunks(RowKind.EVENTS, 1, extra={"note": "\ud800" * 100_000})
    assert chunk.weight > 50


def test_messages_of_a_conversation_weigh_as_rows() -> None:
    told = [
        {"id": str(place), "role": "user", "content": "x", "created_at": AT} for place in range(9)
    ]
    [chunk] = chunks(RowKind.CONVERSATIONS, 10, messages=told)
    assert chunk.weight == 100
