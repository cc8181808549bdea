"""The journey of one user or anonymous session: all events in order."""

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    func,
    literal_column,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from core.activity.queries import anonymous, request_totals, user_details
from core.activity.queries.events import CONTENTS
from core.activity.queries.funnels.onboarding_progress import OnboardingProgress
from core.activity.views import AnonymousJourney, Journey, JourneyEvent, JourneyStep
from core.database import shortened
from core.database.paging import Cursor
from core.identity.permissions import Permission, require, without_contents
from core.identity.schemas import Actor
from core.presentation.periods import Watched

MADE_HERE = ("seconds_since_previous", "is_error", "step", *CONTENTS)
PLAIN = tuple(name for name in JourneyEvent.model_fields if name not in MADE_HERE)


def read_journey(
    session: Session,
    given: str,
    watched: Watched,
    *,
    limit: int,
    after: Cursor | None = None,
    from_end: bool = False,
    actor: Actor,
) -> Journey:
    """Return a user's journey from the start, a cursor or its end; raise UserMissing."""
    require(actor, Permission.WATCH)
    row, progress = user_details.find_progress(session, given, watched)
    own = user_details.own_events(row["id"], watched)
    page = _page(own, limit, after, from_end=from_end)
    done = _read(session, own, page, limit, after, progress, actor)
    return Journey(
        user=user_details.summarize(row, progress),
        ai_requests=request_totals.of_user(session, row["id"], watched),
        **done,
    )


def read_anonymous(
    session: Session,
    session_id: str,
    watched: Watched,
    *,
    limit: int,
    after: Cursor | None = None,
    from_end: bool = False,
    actor: Actor,
) -> AnonymousJourney:
    """Return the same of a session without a user; raise AnonymousSessionMissing."""
    require(actor, Permission.WATCH)
    summary, progress = anonymous.find_anonymous(session, session_id, watched)
    events = user_details.events
    nameless = select(events, literal_column("true").label("is_anonymous")).where(
        events.c.session_id == session_id,
        events.c.user_id.is_(None),
        *user_details.event_filters(watched),
    )
    page = _page([nameless], limit, after, from_end=from_end)
    done = _read(session, [nameless], page, limit, after, progress, actor)
    return AnonymousJourney(session=summary, **done)


def _read(
    session: Session,
    own: Sequence[Select[Any]],
    page: Select[Any],
    limit: int,
    after: Cursor | None,
    progress: OnboardingProgress,
    actor: Actor,
) -> dict[str, Any]:
    found = sorted(session.execute(page).mappings(), key=itemgetter("created_at", "id"))
    last = found[-1] if len(found) == limit else None
    steps = progress.funnel.steps
    times = zip(steps, progress.reached, progress.seconds_from_previous, strict=True)
    return {
        "status": progress.status,
        "why": progress.why,
        "steps": [
            JourneyStep(
                step=number,
                event_type=step.name,
                reached_at=at,
                seconds_from_previous=gap,
                label=step.title,
            )
            for number, (step, at, gap) in enumerate(times, 1)
        ],
        "items": _moments(found, progress, after.created_at if after else None, actor),
        "total_count": session.scalar(_count(own)) or 0,
        "next_cursor": str(Cursor(last["created_at"], last["id"])) if last is not None else None,
    }


def _count(own: Sequence[Select[Any]]) -> Select[Any]:
    return select(func.count()).select_from(union_all(*own).subquery("own"))


def _page(
    own: Sequence[Select[Any]], limit: int, after: Cursor | None, *, from_end: bool
) -> Select[Any]:
    # Of each in the order of its index: of a union, all events would be read and sorted
    firsts = (_first(each, limit, after, from_end=from_end) for each in own)
    row = union_all(*firsts).subquery("own").c
    is_error = func.is_error(row.error_code, row.event_type).label("is_error")
    shown = (
        *(row[name] for name in PLAIN),
        is_error,
        shortened.json(row.event_data).label("event_data"),
        shortened.text(row.error_message).label("error_message"),
    )
    return select(*shown).order_by(*_order(row.created_at, row.id, from_end=from_end)).limit(limit)


def _first(events: Select[Any], limit: int, after: Cursor | None, *, from_end: bool) -> Select[Any]:
    row = events.selected_columns
    page = events.order_by(*_order(row.created_at, row.id, from_end=from_end)).limit(limit)
    if after is None:
        return page
    # The first of them says in which partitions to look
    return page.where(
        row.created_at >= after.created_at,
        tuple_(row.created_at, row.id) > (after.created_at, after.id),
    )


def _order(*columns: ColumnElement[Any], from_end: bool) -> list[ColumnElement[Any]]:
    return [column.desc() if from_end else column.asc() for column in columns]


def _moments(
    found: Sequence[RowMapping],
    progress: OnboardingProgress,
    previous: datetime | None,
    actor: Actor,
) -> list[JourneyEvent]:
    waiting = {
        (name, at): number
        for number, (step, at) in enumerate(
            zip(progress.funnel.steps, progress.reached, strict=True), 1
        )
        for name in step.event_types
    }
    moments = []
    for row in found:
        at = row["created_at"]
        seconds = (at - previous).total_seconds() if previous is not None else None
        # Taken out, because only the first of several events at that moment reached the step
        step = waiting.pop((row["event_type"], at), None)
        moments.append(
            JourneyEvent(
                **without_contents(row, *CONTENTS, actor=actor),
                seconds_since_previous=seconds,
                step=step,
            )
        )
        previous = at
    return moments
