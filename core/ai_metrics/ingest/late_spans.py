"""Tool and retrieval spans that arrived without their request (docs/decisions/0011): they wait, and
a job joins them.

Nothing of this costs exports that are whole. What has joined keeps its name for as long as it would
have waited: sent again, it is known. What finds no request in that time is dropped, and counted
with the other spans that were.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb
from sqlalchemy import Insert, column, delete, func, insert, select, table, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from core.ai_metrics.ingest import dimension_backfill, requests, rollups
from core.ai_metrics.ingest.request_sums import FRESH
from core.ai_metrics.ingest.requests import STORED_ROWS
from core.ai_metrics.models import AiRequest, DroppedSpans, WaitingSpan
from core.ai_metrics.otlp.mapping import Place, place_of
from core.ai_metrics.otlp.outcomes import milliseconds
from core.ai_metrics.otlp.steps import Step, WaitingStep, add_step, call_of, own_step
from core.ai_metrics.schemas import NewRequest
from core.database.locks import Lock
from core.database.rollups import add_sums, subtract_sums
from core.database.settings import Workspace, read
from core.database.sql_files import statement
from core.database.staging import Stage, driver
from core.database.tables import table_of
from core.ingest.rows import RowSource
from core.platform import clock

raw = table_of(AiRequest)
AT_ONCE = 500
MOST_WAITING = 100_000  # the requests of some senders never come
# A request and its tools lie within one run of an agent.
AROUND = timedelta(hours=1)
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5, 3600
# For so many tries, about half a minute, a span waits for the request above it; then it takes the
# nearest one in its trace.
PATIENT_TRIES = 3
# Requests of spans are named by trace and span, both in hex
TRACE = func.left(AiRequest.external_id, 32)
MERGED = statement(__package__, "merge_dropped_spans")
CALLED = Stage(
    "late_calls",
    {"created_at": "timestamptz", "environment": "text", "app": "text", "tool_calls": "jsonb"},
)
LATE = select(*map(column, CALLED.columns)).select_from(table(CALLED.name)).cte(FRESH)
MADE = add_sums("tool_deltas", requests.TOOL_SUMS.add_cte(LATE))
WITHOUT = (
    subtract_sums(rollups.DIMENSIONS, requests.DIMENSION_SUMS),
    subtract_sums(rollups.TOOL_DIMENSIONS, requests.TOOL_DIMENSION_SUMS),
)
WITH = (
    add_sums("ai_dimension_deltas", requests.DIMENSION_SUMS),
    add_sums("tool_dimension_deltas", requests.TOOL_DIMENSION_SUMS),
)
# What a call takes the place of was counted without a duration.
REMOVED = statement(__package__, "replaced_calls")


def set_aside(
    session: Session, waiting: Sequence[WaitingStep], dropped: Counter[Place], source: RowSource
) -> None:
    """Store spans without a request and count dropped ones, in the export's transaction."""
    if dropped:
        _count(
            session,
            {(place[0] or source.environment, place[1]): spans for place, spans in dropped.items()},
        )
    if waiting:
        # In one order, so that two exports with the same spans do not deadlock
        rows = sorted(
            (_row(each, source) for each in waiting),
            key=lambda row: (row["trace_id"], row["span_id"]),
        )
        # An export that is sent again brings the same spans
        session.execute(upsert(WaitingSpan).on_conflict_do_nothing(), rows)


def join_late(session: Session) -> int:
    """Join some waiting spans with requests that have arrived; return how many were read."""
    waiting = _due(session)
    # While a reprice or an undo changes stored requests, spans wait for the next round.
    if not waiting or not session.scalar(
        text("select pg_try_advisory_xact_lock(:lock)"), {"lock": Lock.STORED_REQUESTS}
    ):
        return 0
    # What is taken away from rollups must have been added to them first
    if dimension_backfill.is_pending(session):
        return 0
    found = _requests(session, waiting)
    now, joined = clock.now(), []
    before = {host.id: host.tool_calls or [] for hosts in found.values() for host in hosts}
    touched: dict[UUID, AiRequest] = {}
    for each in waiting:
        host = _host(each, found.get(each.trace_id, []))
        if host is None:
            each.tries += 1
            each.due_at = now + timedelta(
                seconds=min(FIRST_PAUSE_S * 2**each.tries, LONGEST_PAUSE_S)
            )
            continue
        if _give(each, host):
            touched[host.id] = host
        joined.append(each)
    for each in joined:
        each.joined_at, each.step, each.call, each.lineage = now, None, None, []
    if touched:
        # What is taken away is what the rows held before these changes
        with session.no_autoflush:
            _execute_of(session, touched, WITHOUT)
    session.flush()
    if touched:
        _execute_of(session, touched, WITH)
        _count_calls(session, [(host, before[host.id]) for host in touched.values()])
    return len(waiting)


def give_up(session: Session) -> None:
    """Drop spans that waited too long or exceed the limit; forget those joined long ago."""
    since = clock.now() - timedelta(minutes=read(session, Workspace).late_span_minutes)
    newest = (
        select(WaitingSpan.arrived_at)
        .where(WaitingSpan.joined_at.is_(None))
        .order_by(WaitingSpan.arrived_at.desc())
    )
    least = session.scalar(newest.offset(MOST_WAITING).limit(1))
    over = WaitingSpan.arrived_at <= max(since, least or since)
    gone = (
        delete(WaitingSpan)
        .where(over, WaitingSpan.joined_at.is_(None))
        .returning(WaitingSpan.environment, WaitingSpan.app)
    )
    _count(session, Counter((row.environment, row.app) for row in session.execute(gone)))
    session.execute(delete(WaitingSpan).where(WaitingSpan.arrived_at < since))


def sum_dropped(session: Session) -> None:
    """Merge the counts of dropped spans by day."""
    session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": Lock.DROPPED_SPANS})
    session.execute(MERGED)


def _row(waiting: WaitingStep, source: RowSource) -> dict[str, Any]:
    span, (environment, app) = waiting.span, place_of(waiting.span)
    step, call = own_step(span, waiting.kind), call_of(span, waiting.kind)
    # As part of a request, so that what holds for its texts holds for these.
    [carrier] = source.cleaned(
        [NewRequest(model="", steps=[step], tool_calls=[call] if call is not None else None)]
    )
    return {
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "environment": environment or source.environment,
        "app": app,
        "started_at": waiting.started_at,
        "lineage": waiting.lineage,
        "step": _plain((carrier.steps or [step])[0]),
        "call": _plain(carrier.tool_calls[0]) if carrier.tool_calls else None,
    }


def _plain(step: Step) -> Step:
    """Return JSON as requests store it: without numbers that are none."""
    found: Step = msgspec.json.decode(msgspec.json.encode(step))
    return found


def _count(session: Session, dropped: Mapping[tuple[str, str], int]) -> None:
    today = clock.now().astimezone(UTC).date()
    rows = [
        {"day": today, "environment": place[0], "app": place[1], "spans": spans}
        for place, spans in dropped.items()
    ]
    if rows:
        session.execute(insert(DroppedSpans), rows)


def _due(session: Session) -> list[WaitingSpan]:
    """Return due spans, oldest first, locked until the transaction ends."""
    due = (WaitingSpan.joined_at.is_(None), WaitingSpan.due_at <= clock.now())
    first = session.scalar(
        select(WaitingSpan.started_at).where(*due).order_by(WaitingSpan.due_at).limit(1)
    )
    if first is None:
        return []
    # Their requests are looked up by time: of spans of a whole day every partition around it would
    # be read.
    near = WaitingSpan.started_at.between(first - AROUND, first + AROUND)
    wanted = (
        select(WaitingSpan)
        .where(*due, near)
        .order_by(WaitingSpan.started_at, WaitingSpan.span_id)
        .limit(AT_ONCE)
    )
    # What another worker reads is left to it
    return list(session.scalars(wanted.with_for_update(skip_locked=True)))


def _requests(session: Session, waiting: list[WaitingSpan]) -> dict[str, list[AiRequest]]:
    """Return the requests of their traces, the earliest first."""
    times = [each.started_at for each in waiting]
    near = AiRequest.created_at.between(min(times) - AROUND, max(times) + AROUND)
    wanted = select(AiRequest).where(near, TRACE.in_({each.trace_id for each in waiting}))
    found: dict[str, list[AiRequest]] = defaultdict(list)
    for request in session.scalars(wanted.order_by(AiRequest.created_at, AiRequest.id)):
        found[(request.external_id or "")[:32]].append(request)
    return found


def _host(waiting: WaitingSpan, requests: list[AiRequest]) -> AiRequest | None:
    """Return the request above a span; later, the latest that started before it."""
    by_span = {(request.external_id or "")[32:]: request for request in requests}
    above = next((by_span[name] for name in waiting.lineage if name in by_span), None)
    before = [request for request in requests if request.created_at <= waiting.started_at]
    if above is not None or not requests or waiting.tries < PATIENT_TRIES:
        return above
    return before[-1] if before else requests[0]


def _give(waiting: WaitingSpan, host: AiRequest) -> bool:
    """Add a span to its request, unless a copy of it is there; return whether it was added."""
    start_ms = milliseconds(
        (waiting.started_at - host.created_at) // timedelta(microseconds=1) * 1000
    )
    own = waiting.step or {}
    if {
        name: value for name, value in (own | {"start_ms": start_ms}).items() if value is not None
    } in (host.steps or []):
        return False
    add_step(host, own | {"span_id": waiting.span_id}, start_ms, waiting.call)
    host.steps = sorted(host.steps or [], key=_begins)
    # Its sender may have counted calls that it has not described
    host.tool_calls_count = max(host.tool_calls_count, len(host.tool_calls or []))
    return True


def _execute_of(
    session: Session, hosts: Mapping[UUID, AiRequest], changes: Sequence[Insert]
) -> None:
    """Execute statements of `fresh_requests` for requests as they are stored."""
    STORED_ROWS.make(driver(session))
    stored = raw.c.id.in_(hosts), raw.c.created_at.in_([host.created_at for host in hosts.values()])
    names = list(STORED_ROWS.columns)
    rows = select(*(raw.c[name] for name in names)).where(*stored)
    session.execute(insert(STORED_ROWS.table).from_select(names, rows))
    for change in changes:
        session.execute(change)
    session.execute(text("delete from fresh_requests"))


def _begins(step: Step) -> float:
    # A request that came as a row has steps in its sender's words: one that tells no time began
    # with the request.
    at = step.get("start_ms")
    return at if isinstance(at, (int, float)) else 0


def _count_calls(session: Session, changed: list[tuple[AiRequest, list[Step]]]) -> None:
    """Update the tool rollups: replace calls that were only requested by those made."""
    for change, calls_of in ((REMOVED, _replaced), (MADE, _made)):
        made = [(host, calls_of(host, before)) for host, before in changed]
        rows = [
            (host.created_at, host.environment, host.app, Jsonb(calls))
            for host, calls in made
            if calls
        ]
        CALLED.copy(driver(session), rows)
        session.execute(change)
        session.execute(text("delete from late_calls"))


def _replaced(host: AiRequest, before: list[Step]) -> list[Step]:
    return [old for old, new in zip(before, host.tool_calls or [], strict=False) if old != new]


def _made(host: AiRequest, before: list[Step]) -> list[Step]:
    calls = host.tool_calls or []
    return [new for old, new in zip(before, calls, strict=False) if old != new] + calls[
        len(before) :
    ]
