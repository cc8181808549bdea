"""A statement is planned for the values that it is given."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from core.database.connections import engines
from core.embedded.postgres import Postgres

UNPREPARED = 5  # as often the driver runs a statement before it prepares it
# Postgres may reuse a plan for other values after five that were made for theirs
TIMES = UNPREPARED + 10


@pytest.fixture
def connection(cluster: Postgres) -> Iterator[Connection]:
    """Open a connection of a pool."""
    engine = engines.create(cluster.addresses().core, pool_size=1, overflow=0)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def test_no_plan_is_reused_for_other_values_however_often_a_statement_runs(
    connection: Connection,
) -> None:
    # From the tenth run on Postgres may reuse a plan: one took 30 s in place of 1
    asked = text("select count(*) from users where first_seen_at > :since")
    for day in range(TIMES):
        connection.execute(asked, {"since": f"2026-11-{day + 1:02}"})
    kept = connection.execute(
        text(
            "select generic_plans, custom_plans from pg_prepared_statements "
            "where statement like '%first_seen_at >%'"
        )
    ).one()
    assert (kept.generic_plans, kept.custom_plans) == (0, TIMES - UNPREPARED)
