"""The steps that subjects took after or before their first event of a type in a period."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Select,
    Subquery,
    Text,
    Uuid,
    bindparam,
    column,
    func,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from core.activity.engagement_views import PathDirection
from core.activity.models.funnels import FunnelEvent
from core.activity.queries.funnels import subject_rows
from core.activity.queries.funnels.funnel import NEVER
from core.activity.queries.funnels.funnel_sql import SAMPLES
from core.activity.queries.funnels.subject_rows import MARKED, micros
from core.activity.queries.releases import get_place
from core.database.sql_files import statement
from core.database.tables import table_of
from core.errors import Invalid
from core.presentation.periods import Watched

DEPTH = 3
END = "$end"  # the step that ends a path, where a step has the name of an event type
STEPS = tuple(f"step_{number}" for number in range(1, DEPTH + 1))
PATHS = statement(__package__, "paths")
RAW_MARKS = statement(subject_rows.__package__, "raw_marks")
# Of more subjects than this, so many are read: shares are right within two points.
ALL_UP_TO, ENOUGH = 200_000, 15_000
INDEXED = 16  # samples that an index holds, ix_subjects_sample
coded = table_of(FunnelEvent)


class NoPaths(Invalid):
    """Paths are not kept for this event type."""


@dataclass(frozen=True)
class PathQuery:
    """Whose steps are read: from which event type, in which direction and time."""

    event_type: str
    direction: PathDirection
    start: datetime
    end: datetime


@dataclass(frozen=True)
class PathCodes:
    """The codes of event types, and their names."""

    codes: dict[str, int]

    @classmethod
    def read(cls, session: Session) -> "PathCodes":
        """Return those of all types that have one."""
        rows = session.execute(select(coded.c.event_type, coded.c.code))
        return cls({name: code for name, code in rows})

    @property
    def names(self) -> dict[int, str]:
        return {code: name for name, code in self.codes.items()}

    def of(self, event_type: str) -> int:
        """Return the code of an event type; raise NoPaths."""
        if event_type not in self.codes:
            raise NoPaths(
                f"No paths are kept of {event_type}. Choose an event type that was received, or "
                "make it a step of a saved funnel."
            )
        return self.codes[event_type]


def portion_of(session: Session, watched: Watched) -> int:
    """Return how many of 1024 samples are read, from the size of one; raise ReleaseNotCounted."""
    if watched.users is not None:
        return SAMPLES
    given = _given_subjects(session, watched) | {"path_portion": 1}
    counted = select(func.count()).select_from(
        _subjects(has_app=watched.app is not None).subquery("counted")
    )
    count = int(session.scalar(counted, given) or 0) * SAMPLES
    return SAMPLES if count <= ALL_UP_TO else max(INDEXED, -(-ENOUGH * SAMPLES // count))


def parameters_of(
    session: Session, query: PathQuery, code: int, watched: Watched, portion: int
) -> dict[str, Any]:
    """Return the parameters of `steps`; `portion` of 1024 samples are read.

    Raises ReleaseNotCounted.
    """
    return {
        **_given_subjects(session, watched),
        "path_code": code,
        "path_portion": portion,
        "path_since": micros(query.start),
        # At NEVER lies what did not happen
        "path_until": min(micros(query.end), NEVER),
        "path_sign": 1 if query.direction is PathDirection.AFTER else -1,
        **{f"path_user_{number}": key for number, key in enumerate(watched.users or ())},
    }


@lru_cache(maxsize=64)
def steps(*, has_app: bool, users: int | None = None) -> Subquery:
    """Return `subject` and STEPS, the codes of what each did, null where there was nothing more;
    `users`: so many keys are those of the only user.
    """
    rows = _subjects(has_app=has_app)
    row = rows.selected_columns
    if users is not None:
        keys = [bindparam(f"path_user_{number}", type_=Uuid()) for number in range(users)]
        rows = rows.where(row.subject.in_([func.user_subject(key) for key in keys]))
    marked = [row[name] for name in MARKED]
    uncut, cut = (
        rows.where(is_wanted).with_only_columns(*marked) for is_wanted in (~row.is_cut, row.is_cut)
    )
    followed = union_all(uncut, *_whole(cut)).cte("followed")
    found = PATHS.columns(column("subject", Text), *(column(name, Integer) for name in STEPS))
    return found.add_cte(followed).subquery("paths")


def _given_subjects(session: Session, watched: Watched) -> dict[str, Any]:
    """Return the parameters of `_subjects`; the environment itself is for what else is read."""
    given = subject_rows.parameters_of(session, watched, release_place=get_place(session, watched))
    return given | {"environment": watched.environment}


def _subjects(*, has_app: bool) -> Select[Any]:
    rows = subject_rows.select_subjects(has_app=has_app, environment="part_environment")
    return rows.where(rows.selected_columns.sample < bindparam("path_portion", type_=Integer))


def _whole(cut: Select[Any]) -> tuple[Select[Any], Select[Any]]:
    """Return subjects whose list of marks was cut: with the marks of their raw rows where some may
    be missing.
    """
    since, until = (bindparam(f"path_{name}", type_=BigInteger()) for name in ("since", "until"))
    rows = cut.subquery("cut").c
    marked = [rows[name] for name in MARKED]
    has_gap = func.has_gap(rows.marks, since, until)
    apart = select(*marked, since.label("begins"), until.label("ends")).where(has_gap).cte("apart")
    names = (*(cut.selected_columns[name] for name in MARKED),)
    exact = RAW_MARKS.columns(*names).add_cte(apart).cte("exact").prefix_with("materialized")
    return select(exact), select(*marked).where(~has_gap)
