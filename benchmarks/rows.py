"""`make load ROWS=10000000 DATA=folder`: that many events and as many AI requests over 30 days, in
a data folder of one's own.

They are made by SQL, skewed as real ones are, and go the way of all rows: staged, and then through
the product's own statements. Events and requests go side by side, a connection each; what batches
add is folded in as the worker would. Users, funnel parts and subjects are derived once, of all
rows, rather than batch by batch: the result is the same.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from benchmarks import product
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
from core.database.connections import engines
from core.database.db import dedicated_session, transaction
from core.database.rollups import add_sums
from core.database.sql_files import compiled
from core.database.staging import Connection, Stage, driver
from core.database.tables import table_of
from core.ingest.intake import RowSource, key_of
from core.platform import clock
from core.platform.config import config
from core.processes.startup import opened_databases
from core.system import workspace

DAYS, AT_ONCE = 30, 50_000
MANNER = ai_metrics.Manner(
    with_tools=True, with_dimensions=True, with_releases=True, with_references=True
)
FEWEST_USERS, EVENTS_A_USER = 50_000, 10
USERS = Stage("load_users", {"number": "int4", "id": "uuid", "name": "text"})
RAW = (
    "user_activity_events",
    "ai_request_metrics",
    "user_days",
    "event_rollups",
    "ai_request_rollups",
    "ai_dimension_rollups",
    "tool_rollups",
)
DERIVED = (
    "user_spans",
    "user_day_counts",
    "user_week_counts",
    "users",
    "funnel_parts",
    "subjects",
    "message_scores",
)

# A few come often and most seldom; in the middle of a day more than at its ends.
CHANCES = """
select {first} + n as n, %(since)s + %(length)s * ((random() + random() + random()) / 3) as
    created_at,
    floor(%(users)s * power(random(), 1.5))::int as who, random() as a, random() as b,
        random() as c,
    exp(sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())) as spread
from generate_series(1, %(rows)s) as n"""

EVENTS = """
insert into staged_events (id, created_at, external_id, user_id, user_name, session_id, event_type,
    event_category, event_data,
    error_code, ip_address, environment, app, release)
select md5('event' || n)::uuid, created_at, 'event-' || n, case when a < 0.7 then id end, case
    when a < 0.7 then name end,
    'session-' || who || '-' || (extract(day from created_at)::int / 3), kind,
        split_part(kind, '.', 1),
    case when c < 0.5 then '{"page": "/boards", "n": ' || n || '}' end,
    case when kind like '%%_error' then 'E' || floor(c * 40)::int end, '10.0.0.' || who %% 250,
    case when c < 0.03 then 'staging' else 'production' end, case when n %% 5 < 4 then 'web'
        else 'mobile' end, '1.' || n %% 3
from (select *, {kinds} as kind
    from ({chances}) as chances) as made
join load_users on who = number"""

REQUESTS = """
insert into staged_requests (id, created_at, external_id, conversation_id, user_id, user_name,
    provider, model, operation,
    environment, app, release, input_tokens, output_tokens, cached_tokens, total_tokens,
        first_token_ms, total_latency_ms,
    tool_calls_count, tool_calls, finish_reason, status, error_type, cost, cost_source,
    prompt_name, prompt_version, experiment_arm)
select md5('request' || n)::uuid, created_at, 'request-' || n, md5('conversation' || n / 4)::uuid,
    id, name,
    case when model %% 3 = 0 then 'anthropic' else 'openai' end, 'model-' || model, 'chat',
    case when c < 0.03 then 'staging' else 'production' end, case when n %% 5 < 4 then 'web'
        else 'mobile' end, '1.' || n %% 3,
    input, output, input / 3, input + output, (200 * spread)::int,
        (900 * spread)::int + output * 12,
    case when c < 0.1 then 1 else 0 end,
    case when c < 0.1 then '[{"name": "tool-' || n %% 9 || '", "duration_ms": ' ||
        (80 * spread)::int || '}]' end,
    case when b < 0.98 then 'stop' end, case when b < 0.98 then 'ok' else 'error' end,
    case when b >= 0.98 then (array['timeout', 'rate_limited', 'server_error'])[1 + n %% 3] end,
    (input * 15 + output * 60) * (1 + model %% 5), 'reported',
    'support', (n %% 7)::text, (array['a', 'b'])[1 + n %% 2]
from (select *, floor(20 * power(a, 2.5))::int as model, (400 * spread * (1 + b))::int as input,
    (150 * (0.2 + c))::int as output
    from ({chances}) as chances) as made
join load_users on who = number"""

# What the triggers of user_days would do, once for all days.
SPANS = """
insert into user_spans (user_id, environment, app, first_day, last_day)
select user_id, environment, place, min(day), max(day)
from user_days cross join lateral (values (app), ('*')) as each (place) group by 1, 2, 3
on conflict (user_id, environment, app) do update
    set first_day = least(user_spans.first_day, excluded.first_day),
        last_day = greatest(user_spans.last_day, excluded.last_day)"""
COUNTS = """
insert into user_day_counts (environment, app, day, previous_day, users)
select environment, place, day, previous_day, count(*)
from (
    select environment, place, day, lag(day, 1, '-infinity')
        over (partition by user_id, environment, place order by day)
        as previous_day
    from (
        select distinct user_id, environment, place, day
        from user_days cross join lateral (values (app), ('*')) as each (place)
    ) as days
) as journeys group by 1, 2, 3, 4"""
WEEKS = """
insert into user_week_counts (environment, app, first_week, week, users)
select environment, place, first_week, week, count(*) from (
    select environment, place, week_of(day) as week, min(week_of(day))
        over (partition by user_id, environment, place) as first_week
    from user_days cross join lateral (values (app), ('*')) as each (place)
    group by user_id, environment, place, week_of(day)
) as weeks group by 1, 2, 3, 4"""
# Segments are made of traits.
TRAITS = """
update users set traits = jsonb_build_object('plan',
    (array['free', 'pro', 'team'])[1 + (hashtext(external_id) & 1023) % 3])"""
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
            SPANS,
            "truncate user_day_counts",
            COUNTS,
            "truncate user_week_counts",
            WEEKS,
            "alter table user_days enable trigger user",
        ):
            _run(statement)
        _vacuum(RAW)
        daily_indexes.make()
        _derive(users)
        product.score_requests()
        _vacuum(DERIVED)
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
        EVENTS.replace("{kinds}", product.frequencies())
        .replace("{chances}", CHANCES)
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
        REQUESTS.replace("{chances}", CHANCES).replace("{first}", str(first)).encode(), chances
    )
    connection.execute(ai_metrics.statement_of(MANNER), source.days)


def _fold(what: str, zone: str) -> None:
    for fold in (event_rollups.EVENTS,) if what == "events" else request_rollups.FOLDS:
        waiting = 1
        while waiting:
            with transaction() as session:
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
        connection.execute(TRAITS)


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
        connection.execute("analyze touched_subjects")
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


def _vacuum(tables: Sequence[str]) -> None:
    """Leave the tables as autovacuum would after a while."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(_vacuum_one, tables))


def _vacuum_one(table: str) -> None:
    with (
        engines.current()
        .core.connect()
        .execution_options(isolation_level="AUTOCOMMIT") as connection
    ):
        connection.execute(text("set statement_timeout = 0"))
        connection.execute(text(f"vacuum analyze {table}"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
