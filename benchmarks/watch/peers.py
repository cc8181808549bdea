"""The same queries elsewhere: exact SQL on the raw rows, and DuckDB on Parquet files of them, in
the same run.

Both use the same SQL as far as the dialects allow. A session's owner is the user of its earliest
named event, and a step counts at its earliest time at or after the previous step, within thirty
days of the first.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
from sqlalchemy import text

from benchmarks.product import STEPS
from core.database.db import transaction
from core.database.staging import driver
from core.presentation.periods import Period

ENVIRONMENT = "production"
DUCK_CALLS = 5
Row = tuple[Any, ...]

# What of the rows the questions need: fewer columns, and the day worked out before, are to DuckDB's
# advantage.
FILES = {
    "events": (
        (
            "select created_at at time zone 'UTC', environment, app, user_id, session_id, "
            "event_type from user_activity_events"
        ),
        "{'created_at': 'TIMESTAMP', 'environment': 'VARCHAR', 'app': 'VARCHAR', 'user_id': "
        "'UUID', 'session_id': 'VARCHAR', "
        "'event_type': 'VARCHAR'}",
    ),
    "requests": (
        "select created_at at time zone 'UTC', (created_at at time zone '{zone}')::date, "
        "environment, status, total_latency_ms "
        "from ai_request_metrics",
        "{'created_at': 'TIMESTAMP', 'day': 'DATE', 'environment': 'VARCHAR', 'status': 'VARCHAR', "
        "'total_latency_ms': 'INTEGER'}",
    ),
}

PERCENTILES = """
select {day} as day, count(total_latency_ms), {percentiles} from {requests}
where environment = '{environment}' and status <> 'pending' and created_at >= {since}
    and created_at < {until}
group by 1 order by 1"""

FUNNEL = """
with owners as ({owners}),
marks as (
    select coalesce('u:' || coalesce(user_id, owner), 's:' || session_id) as subject, event_type,
        created_at
    from {events} as event left join owners using (app, session_id)
    where environment = '{environment}' and event_type in ({types})
        and (user_id is not null or session_id is not null)
),
at_1 as (
    select subject, min(created_at) as begun, min(created_at) as reached from marks
        where event_type = '{first}' group by subject
    having min(created_at) >= {since} and min(created_at) < {until}
){steps}
select {counts}"""
STEP = """,
at_{number} as (
    select subject, begun, min(created_at) as reached from at_{before} join marks using (subject)
    where event_type = '{event_type}' and created_at >= reached
        and created_at <= begun + interval '30 days'
    group by subject, begun
)"""
OWNERS_POSTGRES = """
select distinct on (app, session_id) app, session_id, user_id as owner from user_activity_events
where environment = 'production' and session_id is not null and user_id is not null
order by app, session_id, created_at, user_id"""
OWNERS_DUCKDB = """
select app, session_id, arg_min(user_id, created_at) as owner from events
where environment = 'production' and session_id is not null and user_id is not null
    group by app, session_id"""


@dataclass(frozen=True)
class Peer:
    """Duration of each query in milliseconds, and its result."""

    percentiles_ms: float
    funnel_ms: float
    by_day: list[Row]
    users: list[int]


def ask_postgres(period: Period) -> Peer:
    """Run each query once on the raw rows."""
    with transaction() as session:
        session.execute(
            text(
                "select set_config('statement_timeout', '0', true), set_config('work_mem', "
                "'512MB', true)"
            )
        )
        connection = driver(session)

        def ask(question: str) -> list[Row]:
            return list(connection.execute(question.encode()).fetchall())

        percentiles = (
            "percentile_disc(array[0.5, 0.95, 0.99]) within group (order by total_latency_ms)"
        )
        day = f"(created_at at time zone '{period.zone}')::date"
        by_day = _percentiles(
            period, day=day, percentiles=percentiles, requests="ai_request_metrics"
        )
        percentiles_ms, days = _timed(lambda: ask(by_day))
        funnel = _funnel(period, owners=OWNERS_POSTGRES, events="user_activity_events")
        funnel_ms, users = _timed(lambda: ask(funnel))
    return Peer(percentiles_ms, funnel_ms, days, list(users[0]))


def ask_duckdb(period: Period) -> Peer:
    """Run each query in DuckDB on Parquet: the median of a few calls after a first one that fills
    its caches.
    """
    with _files(period.zone) as connection:

        def ask(question: str) -> list[Row]:
            return list(connection.execute(question).fetchall())

        percentiles = "quantile_disc(total_latency_ms, [0.5, 0.95, 0.99])"
        by_day = _percentiles(period, day="day", percentiles=percentiles, requests="requests")
        funnel = _funnel(period, owners=OWNERS_DUCKDB, events="events")
        days, users = ask(by_day), ask(funnel)
        percentiles_ms = median(_timed(lambda: ask(by_day))[0] for _ in range(DUCK_CALLS))
        funnel_ms = median(_timed(lambda: ask(funnel))[0] for _ in range(DUCK_CALLS))
    return Peer(percentiles_ms, funnel_ms, days, list(users[0]))


def _percentiles(period: Period, **given: str) -> str:
    return PERCENTILES.format(environment=ENVIRONMENT, **_edges(period), **given)


def _funnel(period: Period, **given: str) -> str:
    steps = "".join(
        STEP.format(number=number, before=number - 1, event_type=STEPS[number - 1])
        for number in range(2, 6)
    )
    counts = ", ".join(f"(select count(*) from at_{number})" for number in range(1, 6))
    types = ", ".join(f"'{name}'" for name in STEPS)
    edges = _edges(period)
    return FUNNEL.format(
        environment=ENVIRONMENT,
        types=types,
        first=STEPS[0],
        steps=steps,
        counts=counts,
        **edges,
        **given,
    )


def _edges(period: Period) -> dict[str, str]:
    """Return the edges of a period.

    Both sessions use UTC, so that times without zone mean the same.
    """
    return {
        "since": f"timestamp '{period.start:%Y-%m-%d %H:%M:%S}'",
        "until": f"timestamp '{period.end:%Y-%m-%d %H:%M:%S}'",
    }


def _timed(ask: Callable[[], Sequence[Row]]) -> tuple[float, list[Row]]:
    begun = time.perf_counter()
    rows = list(ask())
    return (time.perf_counter() - begun) * 1000, rows


@contextmanager
def _files(zone: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Write the rows to Parquet files and open DuckDB on them; the files are deleted at the end."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        for name, (wanted, columns) in FILES.items():
            rows, parquet = Path(folder) / f"{name}.csv", Path(folder) / f"{name}.parquet"
            _copy_out(wanted.replace("{zone}", zone), rows)
            read = f"select * from read_csv('{rows}', columns = {columns}, header = false)"
            connection.execute(f"copy ({read}) to '{parquet}' (format parquet)")
            rows.unlink()
            connection.execute(f"create view {name} as select * from '{parquet}'")
        yield connection


def _copy_out(wanted: str, path: Path) -> None:
    with transaction() as session, path.open("wb") as file:
        session.execute(text("select set_config('statement_timeout', '0', true)"))
        with (
            driver(session)
            .cursor()
            .copy(f"copy ({wanted}) to stdout (format csv)".encode()) as rows
        ):
            for block in rows:
                file.write(block)
