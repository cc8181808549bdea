"""Folding takes as long as there are rows, also where Postgres expects none."""

import pytest
from sqlalchemy import text

from core.activity.ingest import rollups
from core.database.db import transaction
from core.database.rollups import AT_ONCE

pytestmark = pytest.mark.usefixtures("database")

BURSTS = (
    "insert into event_deltas (at, environment, app, event_type, release, events, errors) "
    "select now(), 'production', '', 'a.b', '', 1, 0 from generate_series(1, :rows)",
    "insert into user_day_count_deltas (environment, app, day, previous_day, users) "
    "select 'production', '*', current_date, current_date, 1 from generate_series(1, :rows)",
    "insert into user_week_count_deltas (environment, app, first_week, week, users) "
    "select 'production', '*', current_date, current_date, 1 from generate_series(1, :rows)",
)
# As after a vacuum that found no row, and pages that it could not give back
KNOWN_AS_EMPTY = "update pg_class set reltuples = 0, relpages = 50 where relname like '%_deltas'"


def test_a_burst_after_the_tables_were_empty_is_folded_without_comparing_all_with_all() -> None:
    with transaction() as session:
        for burst in BURSTS:
            session.execute(text(burst), {"rows": AT_ONCE})
        session.execute(text(KNOWN_AS_EMPTY))
        # It takes a third of a second; comparing all with all took half a minute
        session.execute(text("set local statement_timeout = '10 s'"))
        assert rollups.fold(session, zone="UTC") > 0
        assert session.scalar(text("select sum(events) from event_rollups")) == 2 * AT_ONCE
        assert session.scalar(text("select sum(users) from user_day_counts")) == AT_ONCE
        assert session.scalar(text("select sum(users) from user_week_counts")) == AT_ONCE
