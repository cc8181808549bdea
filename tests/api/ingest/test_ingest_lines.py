"""NDJSON of any length: blank lines are skipped, rejected rows take no memory, and too long lines
are reported.
"""

import gzip
import json
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select

from core.activity.models.events import Event
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.ingest import bodies
from core.ingest.rows import MOST_NAMED, Rejected, Report
from tests.api.conftest import caller
from tests.factories.keys import api_key, bearing

EVENT = b'{"event_type": "x"}'


@pytest.fixture
def program(address: str, database: Postgres) -> Iterator[httpx2.Client]:
    with caller(f"{address}/api/v1/ingest", bearing(api_key())) as client:
        yield client


def sent(program: httpx2.Client, body: bytes) -> dict[str, Any]:
    answer = program.post("/events", content=body, headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 202
    found: dict[str, Any] = answer.json()
    return found


def test_empty_lines_are_passed_over_and_keep_their_numbers(program: httpx2.Client) -> None:
    answer = sent(program, b"\n\r\n" + EVENT + b"\n  \t\nno json\n\n" + EVENT + b"\n\n")
    assert answer["accepted"] == 2
    assert [each["index"] for each in answer["rejected"]] == [4]


def test_a_body_of_nothing_but_empty_lines_brings_nothing(program: httpx2.Client) -> None:
    assert sent(program, b"\n" * 100_000) == {"accepted": 0, "duplicates": 0, "rejected": []}


def test_of_very_many_refused_lines_the_first_are_named_and_the_others_counted(
    program: httpx2.Client,
) -> None:
    answer = sent(program, b"x\n" * (MOST_NAMED + 700) + EVENT)
    assert answer["accepted"] == 1
    assert [each["index"] for each in answer["rejected"]] == list(range(MOST_NAMED))
    assert answer["rejected_unnamed"] == 700


def test_a_report_counts_what_it_has_no_room_to_name() -> None:
    found, more = Report(), Report(unnamed=3)
    more.refuse([Rejected(number, "x") for number in range(MOST_NAMED + 2)])
    for _ in range(2):
        found.add(more)
    assert len(found.rejected) == MOST_NAMED
    assert found.unnamed == MOST_NAMED + 2 * 5


def test_a_line_that_is_too_long_is_told_so(program: httpx2.Client) -> None:
    long = b'{"event_type": "x", "event_data": {"a": "' + b"x" * bodies.MAX_ROW_BYTES + b'"}}'
    blank = b" " * (bodies.MAX_ROW_BYTES + 10) + EVENT
    answer = sent(program, b"\n".join([EVENT, long, blank, EVENT]))
    assert answer["accepted"] == 2
    assert [each["index"] for each in answer["rejected"]] == [1, 2]
    assert all("longer than 1 MiB" in each["error"] for each in answer["rejected"])


def refusal(program: httpx2.Client, body: bytes) -> httpx2.Response:
    headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
    return program.post("/events", content=gzip.compress(body), headers=headers)


@pytest.mark.parametrize(
    "body",
    [b"\n" * 1_100_000, b" " * (17 * 2**20), b"x" * (17 * 2**20)],
    ids=["lines", "blanks", "a line"],
)
def test_a_body_that_goes_on_without_rows_is_refused_before_its_end(
    program: httpx2.Client, body: bytes
) -> None:
    answer = refusal(program, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "no_rows")


def test_blank_lines_and_bytes_count_against_the_limit_of_rows(program: httpx2.Client) -> None:
    def left_after(body: bytes) -> int:
        return int(refusal(program, body).headers["RateLimit-Remaining"])

    before = left_after(b"\n")
    assert before - left_after(b"\n" * 5000) > 5000
    before = left_after(b"\n")
    assert before - left_after(b" " * 2**20) >= 1024


def test_a_byte_order_mark_before_the_first_line_is_skipped(program: httpx2.Client) -> None:
    assert sent(program, BOM_UTF8 + EVENT + b"\n" + EVENT)["accepted"] == 2


@pytest.mark.parametrize("line", [EVENT, b"{"], ids=["rows", "no rows"])
def test_few_bytes_that_unpack_to_very_many_lines_are_refused_unstored(
    program: httpx2.Client, line: bytes
) -> None:
    answer = refusal(program, (line + b"\n") * 40_000)
    assert (answer.status_code, answer.json()["code"]) == (422, "too_dense")
    assert "several bodies" in answer.json()["detail"]
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 0


def test_rows_as_products_send_them_may_be_many_and_packed(program: httpx2.Client) -> None:
    rows = [
        json.dumps({"event_type": "x", "user_id": f"u{number % 5000}", "id": None, "app": "shop"})
        for number in range(20_000)
    ]
    assert refusal(program, "\n".join(rows).encode()).status_code == 202
