"""A funnel query: its rule, its row sources, and its parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Uuid,
    bindparam,
    case,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.orm import Session

from core.activity.errors import FunnelRefused
from core.activity.models.funnels import MOST_CODES, EventType, FunnelEvent
from core.activity.queries.funnels import subject_rows, workspace_funnel
from core.activity.queries.funnels.funnel import CodedStep, Columns, Funnel, FunnelRule
from core.activity.queries.funnels.segments import Segment, has_trait
from core.activity.queries.funnels.subject_rows import FunnelRows
from core.activity.queries.releases import release_place
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.presentation.periods import Period, Watched

SAMPLES, MOST_STATEMENTS = 1024, 500
HIGHEST_CODE = 127  # that a mark has room for
# So many subjects are sampled when all would be too many: the rank of a median of so many is right
# within one percent
ENOUGH = 10_000
# Postgres estimates -1 for a table that was not analyzed yet.
ROUGHLY = text(
    "select greatest(reltuples, 0)::bigint from pg_partition_tree('ix_subjects_reached') "
    "join pg_index on indexrelid = relid join pg_class on pg_class.oid = relid "
    "where indrelid = 'subjects_of_environments'::regclass"
)


@dataclass(frozen=True, eq=False)
class FunnelSql:
    """A funnel as SQL, built once. `is_kept`: plain rows hold `reached_1`, ... as `subjects` does,
    else `at_1`, ... by the rule.

    `rows` are the subjects that may count: all of them, or those of one place.
    """

    funnel: Funnel
    rule: FunnelRule
    found: FunnelRows
    rows: Callable[[ColumnElement[str] | None], Select[Any]]
    is_kept: bool
    is_shorter: bool

    def reached(self, row: Columns, number: int) -> ColumnElement[datetime | None]:
        """Return when a step was reached within the window, of a plain row that is kept."""
        kept: ColumnElement[datetime | None] = row[f"reached_{number + 1}"]
        if not (self.is_shorter and number):
            return kept
        within: ColumnElement[timedelta] = literal_column(
            f"interval '{self.rule.window_us} microseconds'"
        )
        return case((kept <= row.reached_1 + within, kept))


@dataclass(frozen=True)
class FunnelShape:
    """What distinguishes the SQL of funnels besides parameters."""

    funnel: Funnel
    codes: tuple[CodedStep, ...]
    first: CodedStep  # the workspace funnel's first step
    is_kept: bool
    is_shorter: bool  # than the workspace funnel's window
    has_app: bool
    has_release: bool
    is_raw: bool  # a step's earlier events have no marks
    users: int | None  # so many keys may be those of the user who is asked for
    has_trait: bool

    @property
    def reads_raw_rows(self) -> bool:
        return self.has_release or self.is_raw


@dataclass(frozen=True)
class FunnelCodes:
    """The codes of a funnel's event types. `is_raw`: some have none yet, or lack marks of earlier
    events, and stand in for raw rows only.
    """

    steps: tuple[CodedStep, ...]
    is_raw: bool = False


@dataclass(frozen=True)
class PreparedFunnel:
    """A funnel of a period: its SQL, and the parameters of that."""

    sql: FunnelSql
    parameters: Mapping[str, Any]
    history_since: datetime | None
    funnel: Funnel  # with its own labels, unlike that of `sql`, which others share


def prepare(
    session: Session,
    funnel: Funnel | None,
    period: Period,
    watched: Watched,
    segment: Segment | None = None,
    *,
    is_like_kept: bool = False,
    with_previous: bool = False,
) -> PreparedFunnel:
    """Return the statement of a period, of the workspace's funnel unless another is given, with the
    period before if wanted; raise FunnelRefused for event types that were never received.

    With `is_like_kept`, the caller reads stored times of a shorter window, too.
    """
    present = workspace_funnel.read_workspace_funnel(session)
    funnel = funnel or present.funnel
    # Labels take no part in the comparison: those that are stored are shown
    if funnel.steps == present.funnel.steps:
        funnel = replace(funnel, steps=present.funnel.steps)
    is_like_kept = is_like_kept and funnel.is_within(present.funnel)
    if segment is not None and segment.trait is None:
        watched, segment = replace(watched, release=segment.value), None
    codes = (
        FunnelCodes(present.codes)
        if funnel.steps == present.funnel.steps
        else _codes(session, funnel)
    )
    owners = release_place(session, watched)
    place = None if codes.is_raw else owners
    has_release = watched.release is not None and place is None
    shape = FunnelShape(
        funnel,
        codes.steps,
        present.codes[0],
        is_kept=(is_like_kept or funnel == present.funnel) and not has_release,
        is_shorter=funnel.window < present.funnel.window,
        has_app=watched.app is not None,
        has_release=has_release,
        is_raw=codes.is_raw,
        users=len(watched.users) if watched.users is not None else None,
        has_trait=segment is not None,
    )
    given = subject_rows.parameters_of(session, watched, release_place=place)
    given |= subject_rows.span_parameters(period, with_previous=with_previous)
    given |= {
        "release": watched.release,
        **{f"user_{number}": key for number, key in enumerate(watched.users or ())},
    }
    if shape.reads_raw_rows:
        given |= subject_rows.code_parameters(funnel, codes.steps)
        given |= {
            "raw_since": subject_rows.raw_since(session, watched),
            "part_environment": owners or watched.environment,
        }
    given |= {"trait": segment.trait, "trait_value": segment.value} if segment is not None else {}
    return PreparedFunnel(_sql_of(shape), given, _history_since(session, funnel), funnel)


@lru_cache(MOST_STATEMENTS)
def _sql_of(shape: FunnelShape) -> FunnelSql:
    funnel = shape.funnel
    rule = workspace_funnel.rule_of(funnel, shape.codes)

    def is_wanted(subject: ColumnElement[str]) -> list[ColumnElement[bool]]:
        users = [
            func.user_subject(bindparam(f"user_{number}", type_=Uuid()))
            for number in range(shape.users or 0)
        ]
        found: list[ColumnElement[bool]] = [subject.in_(users)] if shape.users is not None else []
        return [*found, has_trait(subject)] if shape.has_trait else found

    def rows(place: ColumnElement[str] | None = None) -> Select[Any]:
        found = subject_rows.select_subjects(has_app=shape.has_app, place=place)
        return found.where(*is_wanted(found.selected_columns.subject))

    if shape.reads_raw_rows:
        sources = subject_rows.of_raw_rows(rule, is_wanted, has_release=shape.has_release)
    elif shape.is_kept:
        sources = subject_rows.saved(rule, rows())
    else:
        sources = subject_rows.of_marks(rule, rows(), starts_alike=rule.steps[0] == shape.first)
    return FunnelSql(funnel, rule, sources, rows, shape.is_kept, shape.is_shorter)


def list_step_types(session: Session, *, actor: Actor) -> list[str]:
    """Return the event types that were received, and those of the workspace's funnel."""
    require(actor, Permission.WATCH)
    received = session.scalars(select(EventType.event_type).order_by(EventType.event_type)).all()
    steps = workspace_funnel.read_workspace_funnel(session).funnel.steps
    return list(dict.fromkeys([*(name for step in steps for name in step.event_types), *received]))


def get_workspace_funnel(session: Session, *, actor: Actor) -> Funnel:
    """Return the funnel that users' statuses and the Overview follow."""
    require(actor, Permission.WATCH)
    return workspace_funnel.read_workspace_funnel(session).funnel


def first_portion(session: Session) -> int:
    """Return how many of 1024 samples to read first, from the planner's row estimate."""
    return portion(session.scalar(ROUGHLY) or 0)


def portion(count: int) -> int:
    """Return how many of 1024 samples give enough, of so many subjects."""
    return SAMPLES if count <= ENOUGH else max(1, -(-ENOUGH * SAMPLES // count))


def _history_since(session: Session, funnel: Funnel) -> datetime | None:
    """Return when the raw rows began that late codes were marked from, or None."""
    names = [name for step in funnel.steps for name in step.event_types]
    kept = select(func.max(FunnelEvent.kept_since)).where(FunnelEvent.event_type.in_(names))
    return session.scalar(kept)


def check_received(session: Session, funnel: Funnel) -> None:
    """Raise FunnelRefused for event types that were never received."""
    _read_codes(session, funnel)


def _codes(session: Session, funnel: Funnel) -> FunnelCodes:
    known, behind = _read_codes(session, funnel)
    if len(behind) > HIGHEST_CODE - MOST_CODES:
        raise FunnelRefused(
            "Too many event types that were no step before. Save this funnel first."
        )
    # From the top, where no code is: there are at most MOST_CODES
    stand_ins = dict(zip(behind, range(HIGHEST_CODE, 0, -1), strict=False))
    return FunnelCodes(workspace_funnel.coded(funnel, known | stand_ins), is_raw=bool(behind))


def _read_codes(session: Session, funnel: Funnel) -> tuple[dict[str, int], list[str]]:
    """Return the codes of event types, and the received types without one or without marks of
    earlier events; raise FunnelRefused for types that were never received.
    """
    wanted = sorted({name for step in funnel.steps for name in step.event_types})
    received = select(EventType.event_type).where(EventType.event_type.in_(wanted))
    coded = select(FunnelEvent).where(FunnelEvent.event_type.in_(wanted))
    rows = session.scalars(coded).all()
    known = {row.event_type: row.code for row in rows if not row.is_behind}
    behind = sorted({*session.scalars(received), *(row.event_type for row in rows)} - known.keys())
    unknown = [name for name in wanted if name not in known and name not in behind]
    if unknown:
        raise FunnelRefused(
            f"Unknown event types: {', '.join(unknown)}. Only received types can be steps."
        )
    return known, behind
