"""Parts that are made again are joined with the events of all of them by hash: by index, each of
thousands of users was compared with every event, and the undo made no progress.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from core.database.connections import engines
from core.imports.service.undo.undo import undo
from core.platform.ids import new_id
from tests.factories.imports import rows, send

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def hash_joins() -> Iterator[list[str]]:
    """Return whether the planner could join by hash, for each time that parts were made again."""
    noted: list[str] = []

    def note(_: object, cursor: psycopg.Cursor[Any], statement: str, *_more: object) -> None:
        if "rebuilt_parts where is_cut)" in statement:
            found = cursor.connection.execute("show enable_hashjoin").fetchone()
            noted.extend(found or ())

    event.listen(engines.current().core, "before_cursor_execute", note)
    yield noted
    event.remove(engines.current().core, "before_cursor_execute", note)


def test_events_of_parts_that_are_made_again_are_joined_by_hash(hash_joins: list[str]) -> None:
    # In a nested loop the undo of 300,000 events made no step in eight minutes
    ours, one = new_id(), {"event_type": "chat.session_start", "user_id": "u0"}
    times = [rows("event", range(each, each + 1))[0]["created_at"] for each in range(90)]
    events = [one | {"id": str(at), "created_at": time} for at, time in enumerate(times)]
    send("event", *events[::5])
    send("event", *events, import_id=ours)
    undo(ours)
    assert set(hash_joins) == {"on"}
