"""After a start, what a console shows first is asked once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from core.database.connections import engines
from core.embedded.postgres import Postgres
from core.insights import warm_up

pytestmark = pytest.mark.usefixtures("database")


@contextmanager
def statements() -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: Any) -> None:  # noqa: ANN401  as the driver gives it
        asked.append(statement)

    event.listen(engines.current().core, "before_cursor_execute", note)
    yield asked
    event.remove(engines.current().core, "before_cursor_execute", note)


def test_it_asks_for_what_the_first_pages_count_by() -> None:
    with statements() as asked:
        warm_up.ask(lambda: False)
    for table in (
        "user_spans",
        "subjects",
        "ai_request_rollups",
        "user_activity_events",
        "ai_request_metrics",
        "users",
    ):
        assert any(table in statement for statement in asked), table


def test_it_asks_no_more_once_the_program_ends() -> None:
    with statements() as asked:
        warm_up.ask(lambda: True)
    assert not any("subjects" in statement for statement in asked)


def test_a_database_that_does_not_answer_is_left_to_those_who_need_it(cluster: Postgres) -> None:
    gone = engines.create(cluster.addresses().core.set(database="nowhere"), pool_size=1, overflow=0)
    kept = engines.current()
    engines.use(engines.Engines(gone, gone))
    try:
        warm_up.ask(lambda: False)
    finally:
        engines.use(kept)
