"""Conditions that select users by when they were active, and by the path that they took."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Integer, Subquery, bindparam, func, select
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
