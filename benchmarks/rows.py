"""`make load ROWS=10000000 DATA=folder`: that many events and as many AI requests over 30 days, in
a data folder of one's own.

They are made by SQL, skewed as real ones are, and go the way of all rows: staged, and then through
the product's own statements. Events and requests go side by side, a connection each; what batches
add is folded in as the worker would. Users, funnel parts and subjects are derived once, of all
rows, rather than batch by batch: the result is the same.
"""

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from benchmarks import product, row_statements, vacuum
from core.activity.ingest import events as activity
from core.activity.ingest import rollups as event_rollups
from core.activity.ingest import seen_users
from core.activity.ingest.funnel import subjects
from core.activity.ingest.releases import noted_releases
from core.activity.models.events import Event
from core.activity.queries.funnels.workspace_funnel import read_workspace_funnel
from core.ai_metrics.ingest import requests as ai_metrics
from core.ai_metrics.ingest import rollups as request_rollups
from core.ai_metrics.models import AiRequest
from core.ai_metrics.queries import daily_indexes
from core.database import partitions
from core.database.db import dedicated_session, transaction
from core.database.rollups import add_sums
from core.database.sql_files import compiled
from core.database.staging import Connection, Stage, driver
from core.database.tables import table_of
from core.ingest.rows import RowSource, key_of
from core.platform import clock
from core.platform.config import config
from core.processes.startup import opened_databases
from core.system import workspace

DAYS, AT_ONCE = 30, 50_000
MANNER = ai_metrics.StoreMode(
    with_tools=True, with_dimensions=True, with_releases=True, with_references=True
)
FEWEST_USERS, EVENTS_A_USER = 50_000, 10
USERS = Stage("load_users", {"number": "int4", "id": "uuid", "name": "text"})
LOADED = USERS.table


def main(given: list[str]) -> int:
    """Fill the data folder."""
    rows = int(given[0]) if given else 1_000_000
    users = max(FEWEST_USERS, rows // EVENTS_A_USER)
    with opened_databases(config()):
        begun = time.monotonic()
        partitions.create_ahead()
        product.prepare()
        source = RowSource("production", workspace.zone())
        _run("alter table user_days disable trigger user")
        with ThreadPoolExecutor(2) as pool:
            events = pool.submit(_fill, "events", rows, users, _add_events, source)
            requests = pool.submit(_fill, "AI requests", rows, users, _add_requests, source)
        events.result()
        requests.result()
        for statement in (
            row_statements.SPANS,
            "truncate user_day_counts",
            row_statements.COUNTS,
            "truncate user_week_counts",
            row_statements.WEEKS,
            "alter table user_days enable trigger user",
        ):
            _run(statement)
        vacuum.vacuum(vacuum.RAW)
        daily_indexes.make()
        _derive(users)
        product.score_requests()
        vacuum.vacuum(vacuum.DERIVED)
        seconds = time.monotonic() - begun
    print(
        f"{rows:,} events and {rows:,} AI requests of {users:,} users in {seconds:.0f} s: "
        f"{2 * rows / seconds:,.0f} rows/s"
    )
    return 0


def _fill(
    what: str,
    rows: int,
    users: int,
    add: Callable[[Connection, dict[str, object], int, RowSource], None],
    source: RowSource,
) -> None:
    begun, done = time.monotonic(), 0
    for number in range(DAYS):
        since, length = _day(number)
        wanted = rows * (number + 1) // DAYS
        while done < wanted:
            some = min(AT_ONCE, wanted - done)
            chances: dict[str, object] = {
                "since": since,
                "length": length,
                "users": users,
                "rows": some,
            }
            with transaction() as session:
                connection = _prepared(session, users, done)
                add(connection, chances, done, source)
            done += some
        _fold(what, source.zone)
        if number % 5 == 4:
            print(f"{what:12} {done:12,} in {time.monotonic() - begun:5.0f} s", flush=True)


def _day(number: int) -> tuple[datetime, timedelta]:
    """Return when a day begins, and how long it has lasted: the last one is today."""
    now = clock.now()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    since = today - timedelta(days=DAYS - 1 - number)
    return since, min(timedelta(days=1), now - since)


def _prepared(session: Session, users: int, done: int) -> Connection:
    """Return the connection, with its users; what is made follows from the number of the first row
    alone.
    """
    session.execute(
        text(
            "select set_config('statement_timeout', '0', true), "
            "set_config('synchronous_commit', 'off', true)"
        )
    )
    session.execute(text("select setseed(:seed)"), {"seed": (done // AT_ONCE % 10_000) / 10_000})
    return _with_users(driver(session), users)


def _with_users(connection: Connection, users: int) -> Connection:
    connection.execute(
        "create temporary table if not exists load_users (number int4 primary key, id uuid, "
        "name text)"
    )
    if connection.execute("select count(*) from load_users").fetchone() == (0,):
        USERS.copy(
            connection,
            (
                (number, key_of("user", f"user-{number}"), f"user-{number}")
                for number in range(users)
            ),
        )
        connection.execute("analyze load_users")
    return connection


def _add_events(
    connection: Connection, chances: dict[str, object], first: int, source: RowSource
) -> None:
    activity.EVENTS.make(connection)
    connection.execute(
        row_statements.EVENTS.replace("{kinds}", product.frequencies())
        .replace("{chances}", row_statements.CHANCES)
        .replace("{first}", str(first))
        .encode(),
        chances,
    )
    shown = (*activity.SHOWN, activity.raw.c.import_id)
    fresh = activity.insert_staged(*shown).cte(activity.FRESH)
    days = seen_users.user_days(select(*(fresh.c[name] for name in seen_users.SEEN_USERS))).cte(
        "days"
    )
    deltas = add_sums("event_deltas", activity.rollup_sums(fresh)).cte("deltas")
    store = select(func.count()).select_from(fresh)
    with_all = store.add_cte(fresh, deltas, days, noted_releases(fresh))
    connection.execute(compiled(with_all), source.days)


def _add_requests(
    connection: Connection, chances: dict[str, object], first: int, source: RowSource
) -> None:
    ai_metrics.REQUESTS.make(connection)
    connection.execute(
        row_statements.REQUESTS.replace("{chances}", row_statements.CHANCES)
        .replace("{first}", str(first))
        .encode(),
        chances,
    )
    connection.execute(ai_metrics.statement_of(MANNER), source.days)


def _fold(what: str, zone: str) -> None:
    for fold in (event_rollups.EVENTS,) if what == "events" else request_rollups.FOLDS:
        waiting = 1
        while waiting:
            with _unhurried() as session:
                if fold is request_rollups.DIMENSIONS:
                    request_rollups.place_values(session)
                waiting = fold.fold(session, zone=zone)


def _derive(users: int) -> None:
    """Derive users of all rows, and beside them parts and subjects: of those of the table, which a
    view shows as fresh.
    """
    begun = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(_derive_users, users), pool.submit(_derive_subjects)]
    for each in done:
        each.result()
    print(f"users and subjects derived in {time.monotonic() - begun:.0f} s", flush=True)


def _derive_users(users: int) -> None:
    with _unhurried() as session:
        connection = _with_users(driver(session), users)
        for raw in (table_of(Event), table_of(AiRequest)):
            named = select(raw.c.user_id, LOADED.c.name.label("user_name"), raw.c.created_at)
            named = named.join_from(raw, LOADED, LOADED.c.id == raw.c.user_id)
            connection.execute(compiled(seen_users.NOTE_USERS.add_cte(named.cte("named_users"))))
        connection.execute(row_statements.TRAITS)


def _derive_subjects() -> None:
    with _unhurried() as session:
        connection = driver(session)
        columns = "*, error_code is not null as is_error"
        connection.execute(
            (
                f"create temporary view {activity.FRESH} as select {columns} from "
                "user_activity_events"
            ).encode()
        )
        subjects.TOUCHED.make(connection)
        activity.derive_parts(connection)
        connection.execute(
            "insert into touched_subjects select distinct environment, app, owner from funnel_parts"
        )
        connection.execute("analyze funnel_parts, touched_subjects")
        # Else the planner reads all subjects for each of them: it takes the table for empty
        connection.execute("set local enable_seqscan = off")
        subjects.derive(connection, read_workspace_funnel(session).rule, are_few=False)


def _run(statement: str) -> None:
    with _unhurried() as session:
        session.execute(text(statement))


@contextmanager
def _unhurried() -> Iterator[Session]:
    with dedicated_session() as session:
        session.execute(
            text(
                "select set_config('statement_timeout', '0', true), set_config('work_mem', "
                "'256MB', true)"
            )
        )
        yield session


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
