"""Conditions that select users by whether and when they were active, and by the path that they
took.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Subquery,
    bindparam,
    exists,
    func,
    not_,
    select,
)
from sqlalchemy.orm import Session

from core.activity.models.users import UserDay, UserSpan
from core.activity.queries.engagement import path_rows
from core.activity.queries.engagement.path_rows import END, STEPS, PathCodes
from core.activity.queries.user_filter import DayRange, PathTaken, UserFilter
from core.activity.schemas import ALL_APPS
from core.database.tables import table_of
from core.presentation.periods import Watched

days, spans = table_of(UserDay).c, table_of(UserSpan).c


def conditions(
    filters: UserFilter, watched: Watched, id_: ColumnElement[object], *, place: str
) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions on the ID of a user; raise DayRangeRefused or PathRefused. `place` is
    where days count: the environment, or that of a release.
    """
    if filters.active is not None:
        range_ = DayRange.read(filters.active)
        there = [days.environment == place]
        there += [days.app == watched.app] if watched.app is not None else []
        there += [days.day >= range_.start, days.day < range_.end]
        yield id_.in_(select(days.user_id).where(*there))
    if filters.first_active is not None:
        range_ = DayRange.read(filters.first_active)
        app = ALL_APPS if watched.app is None else watched.app
        there = [spans.environment == place, spans.app == app]
        there += [spans.first_day >= range_.start, spans.first_day < range_.end]
        yield id_.in_(select(spans.user_id).where(*there))
    if filters.path is not None:
        yield id_.in_(select(func.user_of(path_takers(filters.path, watched).c.subject)))


def was_seen(user_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition that a user was seen in any environment."""
    # A user who was seen with a release was seen in its environment: the rows of releases, which
    # are several times as many, need not be read
    anywhere = spans.environment == func.any(func.array(_environments().scalar_subquery()))
    is_its = (spans.user_id == user_id, spans.app == ALL_APPS, anywhere)
    return exists(select(spans.user_id).where(*is_its))


def _environments() -> Select[Any]:
    """Return the environments that users were seen in, by a loose scan of the index."""
    first = select(func.min(spans.environment).label("environment"))
    places = first.cte("places", recursive=True)
    following = first.where(spans.environment > places.c.environment).correlate(places)
    found = select(following.scalar_subquery()).where(places.c.environment.is_not(None))
    each = places.union_all(found).c.environment
    return select(each).where(not_(func.is_release_place(each)))


def path_takers(path: str, watched: Watched) -> Subquery:
    """Return the `subject` of all who took a path, or of those of the sample that the figures are
    of; `parameters` has its parameters. Raises PathRefused.
    """
    found = path_rows.steps(has_app=watched.app is not None)
    own = [
        found.c[name] == bindparam(f"path_{name}", type_=Integer)
        if wanted != END
        else found.c[name].is_(None)
        for name, wanted in zip(STEPS, PathTaken.read(path).steps, strict=False)
    ]
    return select(found.c.subject).where(*own).subquery("path_takers")


def parameters(session: Session, filters: UserFilter, watched: Watched) -> dict[str, Any]:
    """Return the parameters of the conditions; raise PathRefused or NoPaths."""
    if filters.path is None:
        return {}
    path, codes = PathTaken.read(filters.path), PathCodes.read(session)
    steps = {
        f"path_{name}": codes.of(each)
        for name, each in zip(STEPS, path.steps, strict=False)
        if each != END
    }
    code, portion = codes.of(path.asked.event_type), path_rows.portion_of(session, watched)
    return path_rows.parameters_of(session, path.asked, code, watched, portion) | steps
