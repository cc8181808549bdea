"""Staged rows: those that fit into a page need no TOAST table, whose emptying each commit pays."""

from decimal import Decimal
from secrets import token_hex

import psycopg
import pytest
from psycopg.types.json import Jsonb

from core.database.db import transaction
from core.database.staging import Stage, driver

pytestmark = pytest.mark.usefixtures("database")
LONG = token_hex(200_000)  # which compression makes no shorter


def staged(name: str) -> Stage:
    return Stage(name, {"id": "int4", "said": "text", "note": "text"})


def lengths(connection: psycopg.Connection, stage: Stage) -> list[int]:
    found = connection.execute(f"select length(said) from {stage.name} order by id")
    return [length for (length,) in found]


def has_toast(connection: psycopg.Connection, stage: Stage) -> bool:
    found = connection.execute(
        "select reltoastrelid <> 0 from pg_class where oid = to_regclass(%s)", [stage.name]
    ).fetchone()
    return found == (True,)


def test_rows_that_fit_into_a_page_are_staged_without_a_toast_table() -> None:
    # Each transaction empties it, which takes 0.2 ms for each kind of rows
    stage = staged("all_short")
    with transaction() as session:
        stage.copy(driver(session), [(1, "x" * 7_000, None), (2, "ä" * 3_000, "a note")])
        assert lengths(driver(session), stage) == [7_000, 3_000]
        assert not has_toast(driver(session), stage)


@pytest.mark.parametrize("long", [LONG, "ä" * 4_000, "😀" * 2_000])
def test_longer_rows_are_staged_beside_short_ones_and_gone_after_the_transaction(long: str) -> None:
    stage = staged(f"mixed_{len(long)}")
    for _ in range(2):
        with transaction() as session:
            stage.copy(driver(session), [(1, "short", None)])
            stage.copy_columns(driver(session), {"id": [2, 3], "said": ["short", long]})
            assert lengths(driver(session), stage) == [5, 5, len(long)]
    with transaction() as session:
        stage.make(driver(session))
        assert lengths(driver(session), stage) == []


def test_long_rows_are_staged_after_a_rollback_of_the_first_ones() -> None:
    stage = staged("rolled_back")
    for _ in range(2):
        with transaction() as session:
            stage.copy(driver(session), [(1, "short", None)])
        with transaction() as session:
            stage.copy(driver(session), [(1, LONG, None)])
            session.rollback()


def test_lists_and_numbers_of_any_length_are_staged() -> None:
    stage = Stage("of_lists", {"id": "int4", "said": "text", "tags": "text[]", "cost": "numeric"})
    with transaction() as session:
        stage.copy(driver(session), [(1, "short", ["a"], Decimal(1))])
        assert not has_toast(driver(session), stage)
        stage.copy(driver(session), [(2, "", [LONG], None), (3, "", None, Decimal("9" * 40_000))])
        assert lengths(driver(session), stage) == [5, 0, 0]


def test_no_rows_leave_an_empty_table() -> None:
    stage = staged("of_nothing")
    with transaction() as session:
        stage.copy(driver(session), [])
        assert lengths(driver(session), stage) == []


@pytest.mark.parametrize("made", [LONG, [1] * 2_000])
def test_json_of_any_length_is_staged(made: object) -> None:
    # The driver prints its JSON shortened, and it was measured by that
    stage = Stage("of_json", {"id": "int4", "said": "text", "made": "jsonb"})
    with transaction() as session:
        stage.copy(driver(session), [(1, "short", Jsonb([])), (2, "", Jsonb([made]))])
        assert lengths(driver(session), stage) == [5, 0]


def test_lists_of_many_short_texts_are_staged() -> None:
    stage = Stage("of_short_texts", {"id": "int4", "said": "text", "tags": "text[]"})
    with transaction() as session:
        stage.copy(driver(session), [(1, "", ["a"] * 1_400)])
        assert lengths(driver(session), stage) == [0]
