"""Paths: what users do after an event or before it, the most frequent per step."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from core.activity.engagement_views import (
    PathDirection,
    PathItem,
    PathRow,
    PathStep,
    PathsView,
)
from core.activity.models.funnels import EventType, FunnelEvent
from core.activity.queries.engagement import path_rows
from core.activity.queries.engagement.path_rows import DEPTH, END, STEPS, PathCodes, PathQuery
from core.activity.queries.funnels.funnel_sql import SAMPLES
from core.cache.large_workspaces import cached_if_large
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.presentation.periods import Period, Watched

TOP, MOST_TYPES = 5, 100
Taken = Counter[tuple[str | None, ...]]  # subjects by the steps that they took


def read_paths(
    session: Session,
    period: Period,
    watched: Watched,
    event_type: str,
    direction: PathDirection = PathDirection.AFTER,
    through: Sequence[str] = (),
    top: int = TOP,
    *,
    is_exact: bool = False,
    actor: Actor,
) -> PathsView:
    """Return the paths from the first event of a type in the period; END in `through` ends a path.

    Raises NoPaths for a type without paths, or ReleaseNotCounted.
    """
    require(actor, Permission.WATCH)
    asked = PathQuery(event_type, direction, period.start, period.end)
    codes = PathCodes.read(session)
    codes.of(event_type)
    portion = SAMPLES if is_exact else path_rows.portion_of(session, watched)
    taken = cached_if_large(
        session,
        ("paths", asked, watched, portion),
        lambda: _read(session, asked, codes, watched, portion),
    )
    scale = SAMPLES / portion
    prefix = [None if name == END else name for name in through[:DEPTH]]
    followed = sum(users for took, users in taken.items() if took[: len(prefix)] == tuple(prefix))
    return PathsView(
        event_type=event_type,
        direction=direction,
        through=list(through[:DEPTH]),
        users=round(taken.total() * scale),
        followed_users=round(followed * scale),
        steps=[_step(taken, prefix, number, top, scale) for number in range(DEPTH)],
        is_sampled=portion < SAMPLES,
        sampled_users=taken.total(),
        history_since=session.scalar(
            select(FunnelEvent.kept_since).where(FunnelEvent.event_type == event_type)
        ),
        start=period.start,
        end=period.end,
        time_zone=period.zone,
    )


def list_path_types(session: Session, *, actor: Actor) -> list[str]:
    """Return the received event types of which paths are kept."""
    require(actor, Permission.WATCH)
    received = select(FunnelEvent.event_type).join(
        EventType, EventType.event_type == FunnelEvent.event_type
    )
    return list(session.scalars(received.order_by(FunnelEvent.event_type)))


def rows_of(view: PathsView) -> list[PathRow]:
    """Return the paths as a table."""
    return [
        PathRow(step=step.step, **item.model_dump()) for step in view.steps for item in step.items
    ]


def _read(
    session: Session, query: PathQuery, codes: PathCodes, watched: Watched, portion: int
) -> Taken:
    given = path_rows.parameters_of(session, query, codes.of(query.event_type), watched, portion)
    names = codes.names
    found = session.execute(
        _counted(
            watched.app is not None,
            len(watched.users) if watched.users is not None else None,
        ),
        given,
    )
    return Counter(
        {tuple(names.get(code) for code in row[:DEPTH]): int(row[DEPTH]) for row in found}
    )


@lru_cache(maxsize=64)
def _counted(has_app: bool, users: int | None) -> Select[Any]:
    paths = path_rows.steps(has_app=has_app, users=users)
    own = [paths.c[name] for name in STEPS]
    return select(*own, func.count()).group_by(*own)


def _step(
    taken: Taken, prefix: Sequence[str | None], number: int, top: int, scale: float
) -> PathStep:
    """Return a step of those who followed the prefix before it."""
    before = tuple(prefix[:number])
    did, ended = Counter[str](), 0
    for steps, subjects in taken.items():
        # Paths that ended before this step have no subjects at it
        if steps[: len(before)] != before or (number and steps[number - 1] is None):
            continue
        if (name := steps[number]) is None:
            ended += subjects
        else:
            did[name] += subjects
    whole = did.total() + ended
    ordered = sorted(did.items(), key=lambda each: (-each[1], each[0]))
    shown: list[tuple[str | None, int]] = [*ordered[:top]]
    others = ordered[top:]
    shown += [(None, ended)] if ended else []
    return PathStep(
        step=number + 1,
        users=round(whole * scale),
        items=[
            PathItem(event_type=name, users=round(subjects * scale), share=subjects / whole)
            for name, subjects in shown
        ],
        other_users=round(sum(subjects for _, subjects in others) * scale),
        other_types=len(others),
    )
