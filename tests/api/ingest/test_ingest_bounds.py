"""Limits of a body are checked in its bytes, before anything is decoded or stored."""

from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from core.activity.models.events import Event
from core.activity.schemas import NewEvent
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.ingest import bodies
from core.ingest.json_limits import MOST_VALUES
from core.ingest.json_objects import MAX_JSON_DEPTH
from tests.api.conftest import caller
from tests.factories.keys import api_key, bearing

JSON = {"Content-Type": "application/json"}
GOOD = b'{"event_type": "good"}'


@pytest.fixture
def program(address: str, database: Postgres) -> Iterator[httpx2.Client]:
    with caller(f"{address}/api/v1/ingest", bearing(api_key()) | JSON) as client:
        yield client


def event(data: bytes) -> bytes:
    return b'{"event_type": "x", "event_data": {"a": ' + data + b"}}"


def items(*rows: bytes) -> bytes:
    return b'{"items": [' + b",".join(rows) + b"]}"


def taken(program: httpx2.Client, body: bytes) -> dict[str, Any]:
    answer = program.post("/events", content=body)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


TOO_MUCH = {
    "longer than 1 MiB": event(b'"' + b"x" * 2**20 + b'"'),
    "more than 50,000 values": event(b"[" + b"[]," * MOST_VALUES + b"[]]"),
    "nested deeper than 64 levels": event(b"[" * MAX_JSON_DEPTH + b"]" * MAX_JSON_DEPTH),
    "out of range": event(b"9" * 10_000),
}


@pytest.mark.parametrize("words", TOO_MUCH)
@pytest.mark.parametrize("wrap", [bytes, items], ids=["an object", "items"])
def test_a_row_with_too_much_in_it_is_rejected(
    program: httpx2.Client,
    words: str,
    wrap: Any,  # noqa: ANN401
) -> None:
    [rejected] = taken(program, wrap(TOO_MUCH[words]))["rejected"]
    assert words in rejected["error"]


def test_rows_with_too_much_in_them_cost_no_good_ones(program: httpx2.Client) -> None:
    found = taken(program, items(GOOD, *TOO_MUCH.values(), GOOD))
    assert (found["accepted"], [each["index"] for each in found["rejected"]]) == (2, [1, 2, 3, 4])


def test_brackets_and_commas_within_texts_are_no_values(program: httpx2.Client) -> None:
    assert taken(program, event(b'"' + b'[{\\",' * 100_000 + b'"'))["accepted"] == 1


def test_a_large_body_is_made_objects_of_a_portion_at_a_time() -> None:
    # 20 MiB of empty objects took half a gigabyte
    body = items(*[event(b'"' + b"x" * 300_000 + b'"')] * 10)
    assert [len(batch.rows) for batch in bodies.read_portions(body, NewEvent)] == [3, 3, 3, 1]
    assert [
        number for batch in bodies.read_portions(body, NewEvent) for number in batch.numbers
    ] == list(range(10))


@pytest.mark.parametrize("count", [5_001, 2_000_000])
def test_a_body_of_too_many_items_is_refused_whole(program: httpx2.Client, count: int) -> None:
    answer = program.post("/events", content=items(*[b"{}"] * count))
    assert (answer.status_code, "at most 5,000 items" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize("wrong", [b'"abc"', b"{}", b"1", b"null"])
def test_items_that_are_no_list_are_refused_once(program: httpx2.Client, wrong: bytes) -> None:
    assert program.post("/events", content=b'{"items": ' + wrong + b"}").status_code == 422


def test_a_byte_order_mark_is_skipped(program: httpx2.Client) -> None:
    assert taken(program, BOM_UTF8 + items(GOOD, GOOD))["accepted"] == 2


@pytest.mark.parametrize("wrong", [b"\xff", b"\\ud800"], ids=["a byte", "half a character"])
@pytest.mark.parametrize("lines", [True, False])
def test_what_is_no_character_becomes_the_mark_for_it(
    program: httpx2.Client, wrong: bytes, lines: bool
) -> None:
    row = event(b'"caf' + wrong + b'"')
    kind = {"Content-Type": "application/x-ndjson"} if lines else JSON
    assert (
        program.post("/events", content=row if lines else items(GOOD, row), headers=kind).json()[
            "rejected"
        ]
        == []
    )
    with transaction() as session:
        assert session.scalar(select(Event.event_data).where(Event.event_type == "x")) == {
            "a": "caf\ufffd"
        }


@pytest.mark.parametrize("half", [b"\\ud800", b"\\uDC00x", b"\\ud83d\\n", b"\\ud800\\ud83d\\ude00"])
def test_half_a_character_costs_a_large_body_nothing_else(half: bytes) -> None:
    kept = b"\\ud83d\\ude00 \\\\ud800 \\\\"
    body = items(
        *[event(b'"' + b"x" * 900_000 + b'"')] * 5,
        event(b'"' + kept + b'"'),
        event(b'"' + half + b'"'),
        GOOD,
    )
    rows = [row for batch in bodies.read_portions(body, NewEvent) for row in batch.rows]
    assert len(rows) == 8
    assert rows[5].event_data == {"a": "\U0001f600 \\ud800 \\"}
    assert "\ufffd" in str(rows[6].event_data)
