"""Events and AI requests of an import, taken out again: some thousand in a transaction, from the newest back, with all that was
derived from them.

Rollups lose them by deltas that count less than nothing; parts of the funnel are made anew (funnel_parts.py), and so are the
days of users (user_days.py). What is taken out stands in tables as ingest has what is new: its own statements derive from
there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.activity import ingest as events
from core.activity.rollups import EVENTS as EVENT_ROLLUPS
from core.ai_metrics import ingest as requests
from core.ai_metrics.rollups import REQUESTS as REQUEST_ROLLUPS
from core.ai_metrics.rollups import TOOLS as TOOL_ROLLUPS
from core.database.rollups import Fold
from core.database.staging import Connection, Stage, driver
from core.imports.undoing import funnel_parts, user_days

FRESH_EVENTS = Stage(
    events.FRESH,
    {name: events.EVENTS.columns[name] for name in ("created_at", "user_id", "session_id", "event_type")}
    | {"is_error": "boolean", "environment": "text", "app": "text"},
)
GONE_REQUESTS = Stage(
    "gone_requests",
    {name: requests.REQUESTS.columns[name] for name in requests.SHOWN[:-2]} | {"cost_usd": "numeric", "tool_calls": "jsonb"},
)
AT_ONCE = 20_000
LATEST = datetime(9999, 1, 1, tzinfo=UTC)

# Partitions later than the place where the last transaction stopped are not looked at again.
BOUND = """
select created_at, id from (
    select created_at, id from {table} where import_id = %(import_id)s and created_at <= %(latest)s
    order by created_at desc, id desc limit %(at_once)s
) as newest order by created_at, id limit 1"""
TAKE = """
with gone as (
    delete from {table} where import_id = %(import_id)s and created_at between %(since)s and %(latest)s
        and (created_at, id) >= (%(since)s, %(id)s)
    returning {columns}
)
insert into {stage} select * from gone"""


@dataclass(frozen=True)
class Raw:
    """One kind of raw rows: where those that go are held, and what of them adds to which rollups."""

    table: str
    stage: Stage
    derived: Sequence[tuple[Fold, str]]

    @property
    def columns(self) -> str:
        """What of a row derived rows are made of, as ingest has it."""
        own = {"is_error": "error_code is not null"}
        return ", ".join(own.get(name, name) for name in self.stage.columns)


EVENTS = Raw("user_activity_events", FRESH_EVENTS, ((EVENT_ROLLUPS, events.DELTAS),))
REQUESTS = Raw(
    "ai_request_metrics",
    GONE_REQUESTS,
    ((REQUEST_ROLLUPS, requests.deltas(GONE_REQUESTS.name)), (TOOL_ROLLUPS, requests.tools(GONE_REQUESTS.name))),
)


@dataclass(frozen=True)
class TakenRows:
    """How many rows went, and the time of the oldest: there is none later any more."""

    rows: int
    since: datetime


def take_some(session: Session, raw: Raw, import_id: UUID, *, latest: datetime, zone: str) -> TakenRows | None:
    """Take out some rows of an import, none of which is later than `latest`; None when there were none."""
    connection = driver(session)
    given: dict[str, Any] = {"import_id": import_id, "latest": latest, "at_once": AT_ONCE}
    bound = connection.execute(BOUND.format(table=raw.table).encode(), given).fetchone()
    if bound is None:
        return None
    raw.stage.make(connection)
    take = TAKE.format(table=raw.table, columns=raw.columns, stage=raw.stage.name)
    rows = connection.execute(take.encode(), {**given, "since": bound[0], "id": bound[1]}).rowcount
    # Nothing else tells the planner how many rows there are: autovacuum sees no temporary table.
    connection.execute(f"analyze {raw.stage.name}".encode())
    for fold, statement in raw.derived:
        _subtract(connection, fold, statement)
    if raw is EVENTS:
        funnel_parts.rebuild(session)
    user_days.forget_seen(connection, import_id, raw.stage, zone)
    return TakenRows(rows, bound[0])


def forget_releases(session: Session, import_id: UUID) -> int:
    """Forget which releases the import has seen; they are kept by import."""
    return driver(session).execute("delete from releases where import_id = %s", [import_id]).rowcount


def _subtract(connection: Connection, fold: Fold, statement: str) -> None:
    """Let what ingest would add be taken away: the same statement, into a table that stands aside."""
    aside = f"removed_{fold.deltas}"
    connection.execute(
        f"create temporary table if not exists {aside} (like {fold.deltas} including identity) on commit delete rows".encode()
    )
    connection.execute(statement.replace(f"insert into {fold.deltas}", f"insert into {aside}").encode())
    keys = ", ".join(("at", *fold.keys, *fold.starred))
    less = ", ".join([f"-{name}" for name in fold.sums] + [f"histogram_negated({name})" for name in fold.histograms])
    columns = ", ".join((*fold.sums, *fold.histograms))
    connection.execute(f"insert into {fold.deltas} ({keys}, {columns}) select {keys}, {less} from {aside}".encode())  # noqa: S608
