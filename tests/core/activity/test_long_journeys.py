"""A page of a journey reads the events that it shows, however many there are."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event as statements
from sqlalchemy import text

from core.activity.queries import journeys
from core.activity.views import Journey
from core.database.connections import engines
from core.database.db import transaction
from core.database.paging import Cursor
from core.embedded.postgres import Postgres
from core.presentation.periods import Watched
from tests.factories.activity import event, minutes, store
from tests.factories.identity import person

EVENTS, SHOWN = 1000, 10


@pytest.fixture
def asked(database: Postgres) -> Iterator[list[tuple[str, Any]]]:
    """Return which pages of events are read from now on: statements with their parameters."""
    noted: list[tuple[str, Any]] = []

    def note(
        _connection: object, _cursor: object, statement: str, given: object, *_: object
    ) -> None:
        if "event_data" in statement and "LIMIT" in statement:
            noted.append((statement, given))

    statements.listen(engines.current().core, "before_cursor_execute", note)
    yield noted
    statements.remove(engines.current().core, "before_cursor_execute", note)


def read(after: str | None = None) -> Journey:
    with transaction() as session:
        return journeys.read_journey(
            session,
            "ann",
            Watched(),
            limit=SHOWN,
            after=Cursor.read(after) if after else None,
            actor=person().actor,
        )


def rows_read(plan: Any) -> Iterator[float]:  # noqa: ANN401  a part of a plan in JSON
    """Yield how many rows each node of a plan has returned."""
    if isinstance(plan, dict):
        yield float(plan.get("Actual Rows", 0))
    for each in plan.values() if isinstance(plan, dict) else plan:
        if isinstance(each, (dict, list)):
            yield from rows_read(each)


def test_a_page_of_a_long_journey_reads_no_more_events_than_it_shows(
    asked: list[tuple[str, Any]],
) -> None:
    # The second one tells whose session the first one was
    begun = [
        event("page.0", session_id="s"),
        event("page.1", minutes(1), session_id="s", user_id="ann"),
    ]
    store([*begun, *(event(f"page.{n}", minutes(n), user_id="ann") for n in range(2, EVENTS))])
    with transaction() as session:
        session.execute(text("analyze user_activity_events"))
    first = read()
    second = read(first.next_cursor)
    shown = [each.event_type for each in (*first.items, *second.items)]
    assert shown == [f"page.{n}" for n in range(2 * SHOWN)]
    for statement, given in tuple(asked):
        with transaction() as session:
            # Of so few rows, reading all of them may be as cheap
            session.execute(text("set local enable_seqscan = off"))
            session.execute(text("set local enable_bitmapscan = off"))
            explained = f"explain (analyze, format json) {statement}"
            plan = session.connection().exec_driver_sql(explained, given).scalar()
        assert max(rows_read(plan)) <= 2 * SHOWN
