"""Rules that are SQL functions: the planner sees through them, so that indexes with the rule as
their condition are used.
"""

import pytest
from sqlalchemy import ColumnElement, Table, func, select, text

from core.activity.models.events import Event
from core.activity.models.funnels import Subject
from core.database.db import transaction
from core.database.tables import table_of
from tests.factories.activity import START, event, minutes, store

pytestmark = pytest.mark.usefixtures("database")
events, subjects = table_of(Event), table_of(Subject)
IS_ERROR = func.is_error(events.c.error_code, events.c.event_type)
IS_SESSION = func.is_session(subjects.c.subject)


@pytest.mark.parametrize(
    ("table", "wanted", "rule"),
    [
        (
            events,
            (
                events.c.environment == "production",
                events.c.created_at.between(START, minutes(10)),
                IS_ERROR,
            ),
            "error_code",
        ),
        (
            subjects,
            (
                subjects.c.environment == "production",
                subjects.c.app == "",
                ~subjects.c.of_release,
                IS_SESSION,
            ),
            "s:%",
        ),
    ],
    ids=["errors", "anonymous sessions"],
)
def test_a_rule_is_answered_by_the_index_that_has_it_as_its_condition(
    table: Table, wanted: tuple[ColumnElement[bool], ...], rule: str
) -> None:
    # Of a row or none, all indexes cost the same within a hundredth: a thousand, in one partition.
    users = (event("page.opened", minutes(n), user_id=f"u{n}") for n in range(1000))
    store([event("page.opened", session_id="s"), *users])
    with transaction() as session:
        session.execute(text("analyze user_activity_events, subjects"))
        # On several nodes these settings reach all of them.
        session.execute(text("set local citus.propagate_set_commands = 'local'"))
        session.execute(text("set local enable_seqscan = off"))
        session.execute(text("set local enable_bitmapscan = off"))
        statement = select(func.count()).select_from(table).where(*wanted)
        compiled = str(
            statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        )
        plan = "\n".join(
            row[0]
            for row in session.connection().exec_driver_sql(f"explain (costs off) {compiled}")
        )
    assert "Index" in plan
    assert rule not in plan
