"""Compute derived data again from raw rows, and name every difference.

The product's own statements do it, into temporary tables that stand before the real ones under the same names: what batches have
added piece by piece must equal what comes of all rows, day by day. All rows are seen as of one moment, and nobody is held up; the
transaction is read-only, which lets it write to temporary tables alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Table, text
from sqlalchemy.orm import Session

from core.activity import ingest as events
from core.activity import rollups as event_rollups
from core.activity import subjects
from core.activity.models import FunnelPart, Subject, UserDay, UserDayCount, UserSpan
from core.ai_metrics import ingest as requests
from core.ai_metrics import rollups as request_rollups
from core.database import partitions, settings
from core.database.db import apart
from core.database.rollups import Fold
from core.database.settings import Sealed
from core.database.staging import Connection, driver
from core.database.tables import table_of
from core.system import zone as zones

EVENTS, REQUESTS = "user_activity_events", "ai_request_metrics"
FOLDS = ((event_rollups.EVENTS, EVENTS), (request_rollups.REQUESTS, REQUESTS), (request_rollups.TOOLS, REQUESTS))
SHADOWED = ("event_deltas", "ai_request_deltas", "tool_deltas", "funnel_parts", "subjects", "event_apps", "user_days")
EXAMPLES = 5
# The time within a mark, in microseconds.
OF_MARK = "mark & 72057594037927935"
# A histogram without what stands for nothing: where a request was taken out again, a zero is left.
PLAIN = "(select jsonb_object_agg(at, {name}[at]) from generate_subscripts({name}, 1) as at where {name}[at] <> 0)"


@dataclass(frozen=True)
class Checked:
    """A table that was computed again: its rows, how many of them differ, and some of those."""

    table: str
    rows: int
    differences: int
    examples: list[str]


def verify() -> list[Checked]:
    """Compute everything again and return how the tables compare; takes minutes where there are millions of rows."""
    with apart() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        session.execute(text("select set_config('statement_timeout', '0', true)"))
        zone = settings.read(session, settings.Workspace).reporting_time_zone
        sealed = settings.read(session, Sealed)
        _stand_before(driver(session))
        _replay(session, zone)
        found = [check for fold, parent in FOLDS for check in _folds(session, fold, sealed.until(parent), zone)]
        found.append(_user_days(session, sealed, zone))
        found.append(_user_spans(session))
        found.append(_user_day_counts(session))
        found.append(_parts(session, sealed.until(EVENTS)))
        found += _subjects(session)
    return found


def _stand_before(connection: Connection) -> None:
    """Make what the statements will take for the real tables, and let nothing else be written to."""
    for table in SHADOWED:
        connection.execute(f"create temporary table {table} (like public.{table} including all) on commit drop".encode())
    for fresh, columns, parent in (
        (events.FRESH, "*, error_code is not null as is_error", EVENTS),
        (requests.FRESH, "*", REQUESTS),
    ):
        rows = f"select {columns} from public.{parent} where created_at >= {setting('since')} and created_at < {setting('until')}"  # noqa: S608
        connection.execute(f"create temporary view {fresh} as {rows}".encode())
    subjects.TOUCHED.make(connection)
    connection.execute("set transaction read only")


def setting(name: str) -> str:
    """Return how a statement reads a moment that is set for this transaction."""
    return f"current_setting('attune.{name}')::timestamptz"


def _replay(session: Session, zone: str) -> None:
    """Derive everything from all raw rows, as if they came in now, a day at a time."""
    connection, given = driver(session), {"zone": zone, "import_id": None}
    for _ in _days(session, EVENTS):
        connection.execute(events.USER_DAYS.replace("{stage}", events.FRESH).encode(), given)
        connection.execute(events.DELTAS)
        events.derive_parts(connection)
    for _ in _days(session, REQUESTS):
        connection.execute(events.USER_DAYS.replace("{stage}", requests.FRESH).encode(), given)
        connection.execute(requests.deltas(requests.FRESH).encode())
        connection.execute(requests.tools(requests.FRESH).encode())
    for spoken in zones.SEEN[2:]:
        connection.execute(events.USER_DAYS.replace("{stage}", f"({spoken}) as spoken").encode(), given)
    for table in SHADOWED:
        connection.execute(f"analyze pg_temp.{table}".encode())


def _days(session: Session, parent: str) -> Iterator[date]:
    """Make one day after the other the one whose rows are fresh: those that have rows."""
    found = text(f"select exists (select from {parent} where created_at >= :since and created_at < :until)")  # noqa: S608
    change = text("select set_config('attune.since', :since, true), set_config('attune.until', :until, true)")
    for part in partitions.list_parts(session.connection(), parent):
        for number in range((part.end - part.first).days):
            day = part.first + number * partitions.DAY
            bounds = {"since": f"{day} 00:00:00+00", "until": f"{day + partitions.DAY} 00:00:00+00"}
            if session.scalar(found, bounds):
                session.execute(change, bounds)
                yield day


def _folds(session: Session, fold: Fold, sealed: datetime | None, zone: str) -> Iterator[Checked]:
    """Check the half hours by the raw rows, the days by the half hours, and `*` by those that it stands for."""
    keys, values = ("at", *fold.keys, *fold.starred), [*fold.sums, *fold.histograms]
    summed = ", ".join([f"sum({name})::bigint as {name}" for name in fold.sums] + [_summed(name) for name in fold.histograms])
    columns = ", ".join([*keys, *values])
    named = " and ".join(["grain = 'half_hour'", *(f"{name} <> '*'" for name in fold.starred[:1])])

    def grouped(rows: str, by: Sequence[str] = keys) -> str:
        # Where rows were taken out again, nothing but zeros may be left.
        return f"select {', '.join(by)}, {summed} from ({rows}) as each group by {', '.join(by)} having sum({fold.sums[0]}) <> 0"  # noqa: S608

    stored = f"select {columns} from public.{fold.rollups} where {named} union all select {columns} from public.{fold.deltas}"  # noqa: S608
    kept = "where at >= :sealed or cast(:sealed as timestamptz) is null"
    given = {"sealed": sealed, "zone": zone}
    yield _compare(
        session,
        f"{fold.rollups} (half hours)",
        keys,
        grouped(f"select * from ({stored}) as all_of_them {kept}"),  # noqa: S608
        grouped(f"select {columns} from pg_temp.{fold.deltas} {kept}"),  # noqa: S608
        given,
    )
    shifted = columns.replace("at,", "date_trunc('day', at, :zone) as at,", 1)
    yield _compare(
        session,
        f"{fold.rollups} (days)",
        keys,
        grouped(f"select {columns} from public.{fold.rollups} where grain = 'day'"),  # noqa: S608
        grouped(f"select {shifted} from public.{fold.rollups} where grain = 'half_hour'"),  # noqa: S608
        given,
    )
    if fold.starred:
        whole = ("grain", "at", *fold.keys)
        star, rest = (f"select * from public.{fold.rollups} where {fold.starred[0]} {sign} '*'" for sign in ("=", "<>"))  # noqa: S608
        yield _compare(session, f"{fold.rollups} (*)", whole, grouped(star, whole), grouped(rest, whole), given)


def _summed(histogram: str) -> str:
    return f"{PLAIN.format(name=f'(histogram_sum({histogram}))')} as {histogram}"


def _user_days(session: Session, sealed: Sealed, zone: str) -> Checked:
    """Check the days of which all raw rows are there; users with conversations, whose beginning may change, may have more."""
    keys = [column.name for column in table_of(UserDay).columns if column.primary_key]
    ends = [until for until in (sealed.user_activity_events, sealed.ai_request_metrics) if until is not None]
    first = zones.first_whole_day(session, max(ends, default=None), zone)
    rows = "select {keys}, true as is_there from {schema}.user_days where day >= coalesce(cast(:first as date), '-infinity')"
    stored, computed = (rows.format(keys=", ".join(keys), schema=schema) for schema in ("public", "pg_temp"))
    named = f"({', '.join(keys)}) in (select {', '.join(keys)} from pg_temp.user_days)"  # noqa: S608
    stored += f" and ({named} or user_id not in (select user_id from conversations where user_id is not null))"  # noqa: S608
    return _compare(session, "user_days", keys, stored, computed, {"first": first})


def _user_spans(session: Session) -> Checked:
    """Check since when and until when users were there by the days on which they were."""
    keys, columns = _columns(table_of(UserSpan), without=("previous_day",))
    computed = """
select user_id, environment, place as app, min(day) as first_day, max(day) as last_day
from public.user_days cross join lateral (values (app), ('*')) as each (place) group by 1, 2, 3"""
    return _compare(session, "user_spans", keys, f"select {columns} from public.user_spans", computed, {})  # noqa: S608  our own


def _user_day_counts(session: Session) -> Checked:
    """Check how many users each day has, by the day on which they were active before, by their days."""
    keys, _ = _columns(table_of(UserDayCount))
    stored = """
select environment, app, day, previous_day, sum(users)::bigint as users
from (
    select environment, app, day, previous_day, users from public.user_day_counts
    union all select environment, app, day, previous_day, users from public.user_day_count_deltas
) as counts group by 1, 2, 3, 4 having sum(users) <> 0"""
    computed = """
select environment, app, day, previous_day, count(*) as users
from (
    select environment, place as app, day, lag(day, 1, '-infinity') over (partition by user_id, environment, place order by day)
        as previous_day
    from (
        select distinct user_id, environment, place, day
        from public.user_days cross join lateral (values (app), ('*')) as each (place)
    ) as days
) as journeys group by 1, 2, 3, 4"""
    return _compare(session, "user_day_counts", keys, stored, computed, {})


def _parts(session: Session, sealed: datetime | None) -> Checked:
    """Check the parts of which nothing lies before the raw rows."""
    table = table_of(FunnelPart)
    young = (
        f"least(linked_at, (select from_micros(min({OF_MARK})) from unnest(marks) as mark)) >= "  # noqa: S608
        "coalesce(cast(:sealed as timestamptz), '-infinity')"
    )
    keys, columns = _columns(table, without=("former_owner",))
    known = f"({', '.join(keys)}) in (select {', '.join(keys)} from public.funnel_parts where not ({young}))"  # noqa: S608
    stored = f"select {columns} from public.funnel_parts where {young}"  # noqa: S608
    computed = f"select {columns} from pg_temp.funnel_parts where {young} and not {known}"  # noqa: S608
    return _compare(session, "funnel_parts", keys, stored, computed, {"sealed": sealed})


def _subjects(session: Session) -> Iterator[Checked]:
    """Check the subjects by their parts, those with sealed ones, too: of each app, and of all apps of an environment."""
    connection = driver(session)
    parts = ", ".join(column.name for column in table_of(FunnelPart).columns)
    connection.execute("delete from pg_temp.funnel_parts")
    connection.execute(f"insert into pg_temp.funnel_parts ({parts}) select {parts} from public.funnel_parts".encode())  # noqa: S608
    connection.execute(
        "insert into touched_subjects (environment, app, subject) select environment, app, owner from funnel_parts"
    )
    connection.execute("analyze touched_subjects")
    subjects.derive(connection, are_few=False)
    # Whether he who is in one of several apps has a row over all of them depends on when the others came.
    for name, what, others in (("subjects", "app <> '*'", ()), ("subjects (all apps)", "is_whole", ("app",))):
        keys, columns = _columns(table_of(Subject), without=("is_whole", *others))
        stored, computed = (f"select {columns} from {schema}.subjects where {what}" for schema in ("public", "pg_temp"))  # noqa: S608
        yield _compare(session, name, keys, stored, computed, {})


def _columns(table: Table, *, without: Sequence[str] = ()) -> tuple[list[str], str]:
    columns = [column for column in table.columns if column.computed is None and column.name not in without]
    return [column.name for column in columns if column.primary_key], ", ".join(column.name for column in columns)


def _compare(
    session: Session, table: str, keys: Sequence[str], stored: str, computed: str, given: Mapping[str, object]
) -> Checked:
    """Compare two sets of rows by their keys."""
    key = ", ".join(keys)
    found = session.execute(
        text(f"""
with stored as (select {key}, to_jsonb(each) - cast(:keys as text[]) as found from ({stored}) as each),
computed as (select {key}, to_jsonb(each) - cast(:keys as text[]) as found from ({computed}) as each),
compared as (
    select concat_ws(' ', {key}) as name, stored.found as stored, computed.found as computed
    from stored full join computed using ({key})
),
wrong as (select * from compared where stored is distinct from computed)
select (select count(*) from compared) as rows, (select count(*) from wrong) as differences,
    array(select format('%s: stored %s, computed %s', name, stored, computed) from wrong order by name limit :examples)"""),  # noqa: S608
        {**given, "keys": list(keys), "examples": EXAMPLES},
    )
    rows, differences, examples = found.one()
    return Checked(table, rows, differences, [example[:500] for example in examples])
