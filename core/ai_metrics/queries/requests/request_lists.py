"""AI requests themselves: lists by cursor, one with its steps."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    RowMapping,
    Select,
    Uuid,
    and_,
    cast,
    func,
    select,
    tuple_,
)
from sqlalchemy.orm import Session

from core.activity.models.users import User
from core.ai_metrics.errors import RequestMissing
from core.ai_metrics.queries.conditions import has_failed_call, matching_requests, took_within
from core.ai_metrics.queries.figures import volume
from core.ai_metrics.queries.requests.top_requests import MEASURES, find_top_requests
from core.ai_metrics.queries.rollup_sources import raw, read_sums
from core.ai_metrics.queries.series import latency_histogram
from core.ai_metrics.requests import LatencyRange, RequestDetail, RequestOrder, RequestView
from core.ai_metrics.views import AiMetricsQuery
from core.cache.large_workspaces import cached_if_large
from core.conversations.models import Conversation
from core.database import settings, shortened
from core.database.paging import Cursor, Window
from core.database.settings import Sealed
from core.database.tables import table_of
from core.identity.permissions import Permission, may, require, without_contents
from core.identity.schemas import Actor
from core.ingest.external_ids import keys_of

# What roles see that may not read contents: any other field of a step may quote a user
STEP_FACTS = frozenset(
    {
        "id",
        "kind",
        "name",
        "start",
        "start_ms",
        "duration",
        "duration_ms",
        "status",
        "error",
        "error_type",
        "model",
    }
)
LONG = "error_message"
MANY = 10_000  # more are not counted one by one
TOOL_FACTS = frozenset({"id", "name", "duration_ms", "status", "error", "error_type"})
# Other words for how a step ended may be anybody's
STATES = frozenset({"ok", "error", "unset", "pending"})

users, conversations = table_of(User), table_of(Conversation)


def count_requests(
    session: Session,
    query: AiMetricsQuery,
    latency: LatencyRange | None = None,
    order: RequestOrder = RequestOrder.NEWEST,
    *,
    actor: Actor,
) -> int:
    """Return how many requests such a list has.

    From `MANY` with a cost on, failed requests without one are counted, too.
    """
    require(actor, Permission.WATCH)
    start, end = query.period.start, query.period.end
    until = settings.read(session, Sealed).gap_after(start, raw.name)
    if until is None:
        return _count(session, query, latency, order)
    # Rollups also count what retention has deleted; before this time, few rows are left
    left, rest = (
        replace(query, period=replace(query.period, start=since, end=before))
        for since, before in ((start, min(until, end)), (until, end))
    )
    found = _count_stored(session, left, latency, order)
    return found + _count(session, rest, latency, order) if until < end else found


def list_requests(
    session: Session,
    query: AiMetricsQuery,
    *,
    limit: int,
    offset: int = 0,
    after: Cursor | None = None,
    latency: LatencyRange | None = None,
    order: RequestOrder = RequestOrder.NEWEST,
    whole: bool = False,
    actor: Actor,
) -> list[RequestView]:
    """Return requests, newest first, from the one after a cursor."""
    require(actor, Permission.WATCH)
    wanted = _of(query, latency, order)
    if after is not None:
        # The first of them says in which partitions to look.
        wanted += [
            raw.c.created_at <= after.created_at,
            tuple_(raw.c.created_at, raw.c.id) < (after.created_at, after.id),
        ]
    page = (
        select(raw)
        .where(*wanted)
        .order_by(raw.c.created_at.desc(), raw.c.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [
        RequestView(**_readable(row, actor))
        for row in _named(session, page, RequestView, whole=whole)
    ]


def list_first(
    session: Session,
    query: AiMetricsQuery,
    order: RequestOrder,
    window: Window,
    latency: LatencyRange | None = None,
    after: Cursor | None = None,
    *,
    actor: Actor,
) -> list[RequestView]:
    """Return the slowest, most expensive or newest requests; without the value, none. Those of a
    range of latencies are listed from the newest.
    """
    require(actor, Permission.WATCH)
    if order not in MEASURES or latency is not None:
        return list_requests(
            session,
            query,
            limit=window.limit,
            offset=window.offset,
            after=after,
            latency=latency,
            order=order,
            actor=actor,
        )
    first = cached_if_large(
        session, (query, order, window), lambda: find_top_requests(session, query, order, window)
    )
    # One by one: a row's time says in which partition it is.
    ids, times = [each.id for each in first], [each.created_at for each in first]
    known = func.unnest(cast(ids, ARRAY(Uuid)), cast(times, ARRAY(DateTime(timezone=True))))
    named = known.table_valued("id", "created_at").render_derived("first")
    page = select(raw).join(
        named, and_(raw.c.id == named.c.id, raw.c.created_at == named.c.created_at)
    )
    rows = _named(session, page, RequestView)
    found = {(row["id"], row["created_at"]): RequestView(**_readable(row, actor)) for row in rows}
    return [found[key] for key in zip(ids, times, strict=True) if key in found]


def get_request(session: Session, given: str, *, actor: Actor) -> RequestDetail:
    """Return the latest request with our ID or the sender's; raise RequestMissing."""
    require(actor, Permission.WATCH)
    latest = (
        select(raw)
        .where(raw.c.id.in_(keys_of("ai_request", given)))
        .order_by(raw.c.created_at.desc())
        .limit(1)
    )
    row = next(iter(_named(session, latest, RequestDetail, whole=True)), None)
    if row is None:
        raise RequestMissing
    return RequestDetail(
        **(_readable(row, actor) | _contents(row, may_read=may(actor, Permission.READ_CONTENTS)))
    )


def _count(
    session: Session, query: AiMetricsQuery, latency: LatencyRange | None, order: RequestOrder
) -> int:
    if order is RequestOrder.FAILED_TOOL_CALLS:
        return _count_stored(session, query, latency, order)
    if latency is None:
        return _count_in(session, query, order)
    bars = latency_histogram(session, query)
    edges = {0, *(edge for bar in bars for edge in (bar.from_ms, bar.to_ms))}
    if edges >= {latency.from_ms, latency.to_ms}:
        found = [
            bar for bar in bars if latency.from_ms <= bar.from_ms and bar.to_ms <= latency.to_ms
        ]
        return sum(bar.requests for bar in found)
    # Slower: a range of an address that is typed, or of a bar that new requests have moved
    return _count_stored(session, query, latency, order)


def _count_in(session: Session, query: AiMetricsQuery, order: RequestOrder) -> int:
    if order is RequestOrder.SLOWEST:
        timed = read_sums(session, query, lambda source: [source.timed("latencies").label("timed")])
        return int(timed[0]["timed"])
    if order is RequestOrder.MOST_EXPENSIVE:
        # No rollup knows which failed requests have no cost: only some of them count as unpriced
        found = _count_stored(session, query, None, order, most=MANY)
        if found < MANY:
            return found
        every = volume(session, query)
        return every.total_requests - every.unpriced_requests
    return volume(session, query).total_requests


def _count_stored(
    session: Session,
    query: AiMetricsQuery,
    latency: LatencyRange | None,
    order: RequestOrder,
    *,
    most: int | None = None,
) -> int:
    """Count the rows themselves, up to `most`."""
    wanted = _of(query, latency, order)
    if latency is None and order in MEASURES:
        wanted.append(MEASURES[order].is_not(None))
    rows = select(raw.c.id).where(*wanted).limit(most).subquery("rows")
    counted = select(func.count()).select_from(rows)
    asked = (query, latency, order, most)
    return cached_if_large(session, asked, lambda: session.scalars(counted).one())


def _of(
    query: AiMetricsQuery, latency: LatencyRange | None, order: RequestOrder
) -> list[ColumnElement[bool]]:
    wanted = matching_requests(query, query.period)
    wanted += has_failed_call(query.tool) if order is RequestOrder.FAILED_TOOL_CALLS else []
    wanted += took_within(latency) if latency is not None else []
    return wanted


def _named(
    session: Session, page: Select[Any], view: type[RequestView], *, whole: bool = False
) -> Iterator[RowMapping]:
    """Yield rows with the sender's user and conversation IDs; texts are cut unless `whole`."""
    rows = page.subquery("page")
    known: list[ColumnElement[Any]] = [rows.c[name] for name in view.model_fields if name in rows.c]
    if not whole:
        known = [
            shortened.text(column).label(column.key) if column.key == LONG else column
            for column in known
        ]
        known.append(shortened.names(rows.c[LONG]))
    named = [
        users.c.external_id.label("user_external_id"),
        conversations.c.external_id.label("conversation_external_id"),
    ]
    wanted = (
        select(*known, *named)
        .outerjoin(users, users.c.id == rows.c.user_id)
        .outerjoin(conversations, conversations.c.id == rows.c.conversation_id)
        .order_by(rows.c.created_at.desc(), rows.c.id.desc())
    )
    yield from session.execute(wanted).mappings()


def _readable(row: RowMapping, actor: Actor) -> dict[str, Any]:
    return without_contents(row, "error_message", "attributes", actor=actor)


def _contents(row: RowMapping, *, may_read: bool) -> dict[str, Any]:
    """Return fields with contents, or their facts only."""
    steps, calls = row["steps"] or [], row["tool_calls"] or []
    if may_read:
        return {"steps": steps, "tool_calls": calls}
    return {"steps": _only(steps, STEP_FACTS), "tool_calls": _only(calls, TOOL_FACTS)}


def _only(given: Sequence[Any], names: frozenset[str]) -> list[dict[str, Any]]:
    return [
        {name: _fact(name, value) for name, value in each.items() if name in names}
        for each in given
    ]


def _fact(name: str, value: object) -> object:
    """Return a step's attributes without texts that may come from a user."""
    if name == "error":
        return bool(value)
    is_plain = value in STATES if name == "status" else isinstance(value, (str, int, float))
    return value if is_plain else None
