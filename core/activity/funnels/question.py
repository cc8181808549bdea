"""A funnel question, ready to be asked: its rule, the rows that it counts, and its parameters."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.activity.errors import FunnelRefused
from core.activity.funnels import subject_rows
from core.activity.funnels.funnel import ONBOARDING_CODES, SAVED, Coded, Funnel, FunnelRule
from core.activity.funnels.segments import HAS_TRAIT, Segment
from core.activity.funnels.subject_rows import Sources
from core.activity.models import FunnelEvent
from core.cache import memo
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.presentation.periods import Period, Watched

Answer = TypeVar("Answer")

SAMPLES = 1024
ENOUGH = 10_000  # who is looked at, where all would be too many: the rank of a median of so many is right within one percent
# Of what nobody has analyzed yet Postgres says -1.
ROUGHLY = text("select greatest(reltuples, 0)::bigint from pg_class where oid = 'ix_subjects_reached'::regclass")


@dataclass(frozen=True)
class FunnelQuestion:
    """A funnel as SQL. `is_kept`: the plain rows hold `reached_1`, ... as `subjects` does, else `at_1`, ... by the rule."""

    funnel: Funnel
    rule: FunnelRule
    found: Sources
    given: dict[str, Any]
    is_kept: bool

    @property
    def alone(self) -> dict[str, Any]:
        """The parameters without the period before: the question is of the period alone."""
        return self.given | {"since": self.given["start"], "since_us": self.given["start_us"]}


def ask(
    session: Session,
    funnel: Funnel,
    period: Period,
    watched: Watched,
    segment: Segment | None = None,
    *,
    is_like_kept: bool = False,
) -> FunnelQuestion:
    """Return the question of a period and the one before; raise FunnelRefused for event types that no funnel knows.

    `is_like_kept` says that who asks can read this one, too, from what is kept of the saved funnel.
    """
    if segment is not None and segment.trait is None:
        watched, segment = replace(watched, release=segment.value), None
    given = subject_rows.places(session, watched) | {
        "subjects": [f"u:{key}" for key in watched.users or ()],
        "release": watched.release,
        "trait": segment.trait if segment else None,
        "trait_value": segment.value if segment else None,
        "start": period.start,
        "since": period.previous.start,
        "until": period.end,
        "start_us": micros(period.start),
        "since_us": micros(period.previous.start),
        "until_us": micros(period.end),
    }
    codes = ONBOARDING_CODES if funnel.steps == SAVED.steps else _codes(session, funnel)
    rule = FunnelRule(codes, funnel.window // timedelta(microseconds=1), any_order=funnel.any_order)
    is_kept = (is_like_kept or funnel == SAVED) and watched.release is None
    return FunnelQuestion(funnel, rule, _sources(rule, watched, segment, is_kept=is_kept), given, is_kept)


def list_step_types(session: Session, *, actor: Actor) -> list[str]:
    """Return the event types that funnels may use."""
    require(actor, Permission.WATCH)
    return list(session.scalars(select(FunnelEvent.event_type).order_by(FunnelEvent.code)))


def micros(moment: datetime) -> int:
    """Return a time as marks have it."""
    return int(moment.timestamp()) * 1_000_000 + int(moment.microsecond)


def first_portion(session: Session) -> int:
    """Return how many samples to look at before anything is counted, by what the planner believes of the table."""
    return portion(session.scalar(ROUGHLY) or 0)


def counted(session: Session, key: Hashable, ask: Callable[[], int]) -> int:
    """Return a count; where there are very many to count among, one of a minute ago, however few were found."""
    return (memo.kept if first_portion(session) < SAMPLES else memo.counted)(key, ask)


def of_many(session: Session, key: Hashable, ask: Callable[[], Answer]) -> Answer:
    """Return an answer; where there are very many to count among, one of some seconds ago."""
    return memo.briefly(key, ask) if (session.scalar(ROUGHLY) or 0) >= memo.MANY else ask()


def portion(count: int) -> int:
    """Return how many of 1024 samples give enough, of so many subjects."""
    return SAMPLES if count <= ENOUGH else max(1, -(-ENOUGH * SAMPLES // count))


def _sources(rule: FunnelRule, watched: Watched, segment: Segment | None, *, is_kept: bool) -> Sources:
    among = " and subject = any(:subjects)" if watched.users is not None else ""
    among += f" and {HAS_TRAIT}" if segment is not None else ""
    if watched.release is not None:
        return subject_rows.of_release(rule, among=f"true{among}")
    return (subject_rows.saved if is_kept else subject_rows.of_marks)(rule, subject_rows.of(watched) + among)


def _codes(session: Session, funnel: Funnel) -> tuple[Coded, ...]:
    known = {row.event_type: row.code for row in session.execute(select(FunnelEvent.event_type, FunnelEvent.code))}
    unknown = sorted({name for step in funnel.steps for name in step.event_types} - known.keys())
    if unknown:
        raise FunnelRefused(f"Unknown event types: {', '.join(unknown)}. Registered: {', '.join(sorted(known))}.")
    return tuple(Coded(tuple(known[name] for name in step.event_types), step.optional) for step in funnel.steps)
