"""Rows of an import: in chunks that move the import on, so that it goes on exactly where it was."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from core.database.db import Database, transaction
from core.database.partitions import Partition
from core.imports.ingest import writing
from core.imports.parsed import ParsedRow, RowKind
from core.imports.schemas import ImportStatus
from tests.factories.records import BEGAN, ai_request, event, parsed, running, stored, write

pytestmark = pytest.mark.usefixtures("database")
PART_OF_2007 = Partition(date(2007, 1, 1), date(2008, 1, 1)).name("user_activity_events")


def ask(statement: str, database: Database = Database.CORE) -> list[tuple[Any, ...]]:
    with transaction(database) as session:
        return [tuple(row) for row in session.execute(text(statement))]


def count(table: str, database: Database = Database.CORE) -> int:
    found: int = ask(f"select count(*) from {table}", database)[0][0]
    return found


def test_it_stores_all_rows_and_says_what_became_of_them() -> None:
    id_ = running()
    assert write(parsed(event(number) for number in range(250)), id_, heaviest=100)
    row = stored(id_)
    assert row.position == 250
    assert row.counts == {"events": {"accepted": 250, "duplicates": 0, "rejected": 0}}
    assert row.first_at is not None
    assert (row.last_at - row.first_at).total_seconds() == 249  # type: ignore[operator]  # both are there
    assert ask("select count(*), count(distinct import_id) from user_activity_events") == [(250, 1)]
    assert ask("select sum(events) from event_deltas") == [(250,)]
    assert count("users") == 7


def test_it_goes_on_where_it_was_cut_off() -> None:
    def cut_off() -> Iterator[ParsedRow]:
        yield from parsed(event(number) for number in range(230))
        raise RuntimeError("the worker is killed")

    id_ = running()
    with pytest.raises(RuntimeError):
        write(cut_off(), id_, heaviest=100)
    assert (stored(id_).position, count("user_activity_events")) == (200, 200)
    rest = (each for each in parsed(event(number) for number in range(250)) if each.position > 200)
    assert write(rest, id_, after=200, heaviest=100)
    assert stored(id_).counts == {"events": {"accepted": 250, "duplicates": 0, "rejected": 0}}
    assert ask("select sum(events) from event_deltas") == [(250,)]


def test_whoever_is_late_does_nothing() -> None:
    id_ = running()
    write(parsed(event(number) for number in range(50)), id_)
    with pytest.raises(writing.Overtaken):
        write(parsed(event(number) for number in range(50)), id_)
    assert stored(id_).counts["events"]["duplicates"] == 0


@pytest.mark.parametrize(
    "status", [ImportStatus.CANCELLED, ImportStatus.UNDOING, ImportStatus.COMPLETED]
)
def test_nothing_is_stored_once_it_was_stopped(status: ImportStatus) -> None:
    id_ = running(status=status)
    with pytest.raises(writing.ImportStopped):
        write(parsed([event(1)]), id_)
    assert count("user_activity_events") == 0


def test_it_leaves_the_rest_to_others_when_it_may_not_go_on() -> None:
    id_, may = running(), iter([True, True, False])
    assert not write(
        parsed(event(number) for number in range(500)),
        id_,
        heaviest=100,
        may_go_on=lambda: next(may),
    )
    assert (stored(id_).position, count("user_activity_events")) == (200, 200)


def test_rows_without_ids_count_once_however_often_the_file_is_imported() -> None:
    nameless = [{**event(number), "id": None} for number in range(5)]
    first, second = running(), running()
    write(parsed(nameless), first)
    write(parsed(nameless), second)
    assert stored(second).counts["events"] == {"accepted": 0, "duplicates": 5, "rejected": 0}
    other = running(sha256="b" * 64)
    write(parsed(nameless), other)
    assert stored(other).counts["events"]["accepted"] == 5


def test_rows_without_a_time_are_of_when_their_file_first_came() -> None:
    id_ = running()
    write(parsed([{"model": "m"}], RowKind.AI_REQUESTS), id_)
    assert ask("select created_at from ai_request_metrics") == [(BEGAN,)]


def test_bad_rows_are_counted_and_the_first_are_kept_with_line_and_reason() -> None:
    id_ = running()
    rows = [event(number) if number % 2 else {"created_at": "yesterday"} for number in range(400)]
    write(parsed(rows), id_, heaviest=50)
    row = stored(id_)
    assert row.counts["events"] == {"accepted": 200, "duplicates": 0, "rejected": 200}
    assert len(row.problems) == writing.MOST_PROBLEMS
    assert row.problems[0]["line"] == 2
    assert "created_at" in row.problems[0]["error"] or "event_type" in row.problems[0]["error"]


def test_what_could_not_be_read_is_counted_as_rejected() -> None:
    id_ = running()
    write([ParsedRow(1, 7, RowKind.EVENTS, None, "9 cells, where the header has 8")], id_)
    assert stored(id_).problems == [
        {"position": 1, "line": 7, "kind": "events", "error": "9 cells, where the header has 8"},
    ]


def test_characters_that_postgres_refuses_cost_no_other_row() -> None:
    id_ = running()
    rows = [event(number) for number in range(60)]
    rows[17]["user_agent"] = "a\0b"
    rows[31]["event_data"] = {"said": "\ud83d"}
    write(parsed(rows), id_)
    assert stored(id_).counts["events"]["accepted"] == 60
    assert ask("select user_agent from user_activity_events where user_agent is not null") == [
        ("ab",)
    ]
    assert ask("select sum(events) from event_deltas") == [(60,)]


def test_unknown_fields_are_kept() -> None:
    id_ = running()
    write(parsed([event(1, plan="pro"), event(2)]), id_)
    assert ask("select event_data from user_activity_events where event_data is not null") == [
        ({"plan": "pro"},)
    ]


def test_a_record_may_give_a_conversation_and_its_requests() -> None:
    def rows() -> Iterator[ParsedRow]:
        for position in range(1, 40):
            messages = [
                {"role": "user", "content": "Where is it?"},
                {"role": "assistant", "content": "Here.", "model": "m1"},
            ]
            yield ParsedRow(
                position, position, RowKind.CONVERSATIONS, {"messages": messages, "title": "Found"}
            )
            yield ParsedRow(position, position, RowKind.AI_REQUESTS, ai_request(position))

    id_ = running()
    write(rows(), id_, heaviest=10)
    assert stored(id_).counts["conversations"]["accepted"] == 39
    assert stored(id_).counts["ai_requests"]["accepted"] == 39
    assert ask("select count(*), sum(message_count), min(source) from conversations") == [
        (39, 78, "import")
    ]
    assert ask("select role from messages order by conversation_id, position limit 2") == [
        ("user",),
        ("assistant",),
    ]


def test_rows_for_the_other_database_are_there_before_and_count_once() -> None:
    rows = [
        {"rating": 5, "comment": "Good", "conversation_id": f"c{number}"} for number in range(30)
    ]
    id_ = running()
    with pytest.raises(RuntimeError):
        write(broken_after(parsed(rows, RowKind.FEEDBACK), 25), id_, heaviest=10)
    write(
        (each for each in parsed(rows, RowKind.FEEDBACK) if each.position > 20),
        id_,
        after=20,
        heaviest=10,
    )
    assert count("ai_feedback", Database.AI) == 30
    assert stored(id_).counts["feedback"]["accepted"] == 30


def killed_between_the_commits(
    rows: list[dict[str, Any]], id_: UUID, monkeypatch: pytest.MonkeyPatch, *, after: int = 0
) -> None:
    """Store a chunk in the database `ai`, and end before that of `core` knows."""
    with monkeypatch.context() as killed:
        killed.setattr(writing, "_record_progress", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write(
                (each for each in parsed(rows, RowKind.FEEDBACK) if each.position > after),
                id_,
                after=after,
                heaviest=10,
            )


def test_what_the_other_database_knew_before_a_kill_is_no_duplicate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [
        {"id": f"f{number % 25}", "rating": 5, "conversation_id": f"c{number}"}
        for number in range(30)
    ]
    id_ = running()
    for _ in range(2):
        killed_between_the_commits(rows, id_, monkeypatch)
    first = [each for each in parsed(rows, RowKind.FEEDBACK) if each.position <= 10]
    write(first, id_, heaviest=10)
    assert stored(id_).counts["feedback"] == {"accepted": 10, "duplicates": 0, "rejected": 0}
    killed_between_the_commits(rows, id_, monkeypatch, after=10)
    write(
        (each for each in parsed(rows, RowKind.FEEDBACK) if each.position > 10),
        id_,
        after=10,
        heaviest=10,
    )
    assert stored(id_).counts["feedback"] == {"accepted": 25, "duplicates": 5, "rejected": 0}


def broken_after(rows: Iterator[ParsedRow], position: int) -> Iterator[ParsedRow]:
    for each in rows:
        if each.position > position:
            raise RuntimeError
        yield each


@pytest.mark.parametrize(
    ("kind", "row", "table", "database"),
    [
        (RowKind.USERS, {"id": "ada", "email": "ada@example.com"}, "users", Database.CORE),
        (
            RowKind.BATCH_RUNS,
            {"started_at": "2026-11-01T01:00:00Z", "status": "completed"},
            "batch_run_history",
            Database.CORE,
        ),
        (
            RowKind.DOCUMENTS,
            {"content": "Within 30 days.", "title": "Returns"},
            "ai_kb_documents",
            Database.AI,
        ),
        (
            RowKind.MEMORIES,
            {"content": "Prefers tea", "user_id": "ada"},
            "ai_memories",
            Database.AI,
        ),
    ],
)
def test_every_other_kind_has_its_place(
    kind: RowKind, row: dict[str, Any], table: str, database: Database
) -> None:
    id_ = running()
    write(parsed([row], kind), id_)
    assert stored(id_).problems == []
    assert count(table, database) == 1


def test_old_history_finds_its_partitions() -> None:
    id_ = running()
    rows = [event(number, created_at=f"20{number:02}-03-01T00:00:00Z") for number in range(5, 25)]
    write(parsed(rows), id_)
    assert stored(id_).counts["events"]["accepted"] == 20
    assert stored(id_).first_at.year == 2005  # type: ignore[union-attr]  # it is there


def test_a_partition_that_another_process_has_dropped_meanwhile_is_made_again() -> None:
    old = "2007-03-01T00:00:00Z"
    write(parsed([event(1, created_at=old)]), running())
    with transaction() as session:
        session.execute(text(f"drop table {PART_OF_2007}"))
    id_ = running()
    assert write(parsed([event(2, created_at=old)]), id_)
    assert stored(id_).counts["events"]["accepted"] == 1


def test_what_is_stored_at_the_second_try_is_no_duplicate() -> None:
    old = "2007-03-01T00:00:00Z"
    write(parsed([event(1, created_at=old)]), running())
    with transaction() as session:
        session.execute(text(f"drop table {PART_OF_2007}"))
    id_ = running()
    rating = ParsedRow(1, None, RowKind.FEEDBACK, {"rating": 5, "conversation_id": "c1"})
    assert write([rating, *parsed([event(2, created_at=old)])], id_)
    assert stored(id_).counts["feedback"] == {"accepted": 1, "duplicates": 0, "rejected": 0}


def test_a_price_given_as_a_number_is_the_price() -> None:
    id_ = running()
    write(
        parsed(
            [ai_request(1, cost_usd=0.0125), ai_request(2, cost_usd="0.25")], RowKind.AI_REQUESTS
        ),
        id_,
    )
    assert [
        float(cost)
        for (cost,) in ask("select cost_usd from ai_request_metrics order by created_at")
    ] == [0.0125, 0.25]
