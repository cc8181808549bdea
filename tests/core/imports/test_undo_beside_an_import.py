"""The undo of an import while another import that has the same rows is stored, or undone, too."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from core.database.db import Database, read_session, transaction
from core.imports.parsed import RowKind
from core.imports.service.undo.undo import undo
from core.platform.ids import new_id
from tests.factories.history import count, days_ago
from tests.factories.imports import send
from tests.factories.records import parsed, running, write

pytestmark = pytest.mark.usefixtures("database")

WAITING = text("""
select count(*) from pg_stat_activity where cardinality(pg_blocking_pids(pid)) > 0""")


def seen(name: str, days: float, **fields: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    at = days_ago(days).replace(hour=12)
    return {"id": name, "user_id": "ann", "created_at": at.isoformat(), **fields}


def rating(days: float, stars: int) -> dict[str, Any]:
    at = days_ago(days) + timedelta(hours=1)
    return {"id": "f", "rating": stars, "scale": "five", "created_at": at.isoformat()}


def until_waiting(processes: int) -> None:
    found = 0
    while found < processes:
        with read_session() as session:
            found = session.scalar(WAITING) or 0


def test_days_that_two_imports_had_seen_are_gone_once_both_are_undone() -> None:
    # Undone at once, each passed the day on to the other
    events, requests = new_id(), new_id()
    send("event", seen("e", 3, event_type="a.b"), import_id=events)
    send("request", seen("r", 3, model="m"), seen("s", 4, model="m"), import_id=requests)
    with ThreadPoolExecutor(2) as pool:
        with transaction() as holding:
            holding.execute(text("select from user_days for update"))
            acts = [pool.submit(undo, events)]
            until_waiting(1)
            acts.append(pool.submit(undo, requests))
            until_waiting(2)
        for act in acts:
            act.result()
    assert count("user_days") == 0


def test_a_rating_that_another_import_stores_meanwhile_is_gone_once_both_are_undone() -> None:
    first, second = new_id(), running()
    send("feedback", rating(5, 1), import_id=first)
    with ThreadPoolExecutor(2) as pool:
        with transaction(Database.AI) as holding:
            holding.execute(text("select from ai_feedback for update"))
            storing = pool.submit(write, parsed([rating(3, 5)], RowKind.FEEDBACK), second)
            until_waiting(1)
            undoing = pool.submit(undo, first)
            until_waiting(2)
        assert storing.result()
        undoing.result()
    undo(second)
    assert count("ai_feedback", database=Database.AI) == 0
