"""A funnel proposed for a workspace from what its users do most, one after the other."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from sqlalchemy import bindparam, exists, func, select, true
from sqlalchemy.orm import Session

from core.activity.models.funnels import FunnelEvent, Subject
from core.activity.queries.funnels.funnel import Funnel, Step
from core.activity.queries.funnels.funnel_sql import first_portion
from core.activity.queries.funnels.subject_rows import parameters_of, select_subjects
from core.database.tables import table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.presentation.periods import DAY, Period, Watched

RECENT, MOST_STEPS = 30 * DAY, 5
LEAST_SHARE = 0.25  # of those who came so far, to do what is a step
coded, subjects = table_of(FunnelEvent), table_of(Subject)
Journey = dict[str, list[int]]  # the times of each event type, in order


def propose_funnel(
    session: Session, period: Period, watched: Watched, *, actor: Actor
) -> Funnel | None:
    """Return the most common sequence of events of a period, of users who were new in it where
    there are any; None where there is none, or when a user has begun the workspace's funnel.

    Of very many users some are looked at.
    """
    require(actor, Permission.WATCH)
    begun = select(
        exists().where(
            subjects.c.environment == watched.environment,
            # Rows by release are in another partition, twice as large
            ~subjects.c.of_release,
            subjects.c.reached_1.is_not(None),
        )
    )
    if session.scalar(begun):
        return None
    journeys = _journeys(session, period, watched)
    chain = _first(journeys)
    while chain and len(chain) < MOST_STEPS and (found := _next(journeys, chain)):
        chain.append(found)
    if len(chain) < 2:
        return None
    return Funnel(tuple(Step((name,), label=_label(name)) for name in chain))


def _label(name: str) -> str:
    """Return an event type as words: trial.started is Trial started, its capitals as they are."""
    words = name.replace(".", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def proposal_period(period: Period) -> Period:
    """Return the 30 days until a period's end, which a proposal is made of."""
    return replace(period, start=period.end - RECENT)


def _journeys(session: Session, period: Period, watched: Watched) -> list[Journey]:
    rows = select_subjects(has_app=watched.app is not None).subquery("rows")
    row = rows.c
    each = func.unnest(row.marks).table_valued("mark", name="each").render_derived()
    at = func.mark_micros(each.c.mark)
    since, until = func.micros(period.start), func.micros(period.end)
    marks = (
        select(row.subject, each.c.mark, at.label("at"))
        .add_columns((func.min(at).over(partition_by=row.subject) >= since).label("is_new"))
        .join_from(rows, each, true())
        .where(row.sample < bindparam("most"))
        .subquery("marks")
    )
    found = (
        select(marks.c.subject, marks.c.is_new, coded.c.event_type, marks.c.at)
        .join(coded, coded.c.code == func.mark_code(marks.c.mark))
        .where(marks.c.at >= since, marks.c.at < until)
        .where(~coded.c.event_type.endswith("_error", autoescape=True))
        .order_by(marks.c.subject, marks.c.at)
    )
    journeys: dict[bool, dict[str, Journey]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    given = parameters_of(session, watched) | {"most": first_portion(session)}
    for subject, is_new, event_type, micros in session.execute(found, given):
        journeys[is_new][subject][event_type].append(micros)
    # A returning user's first event of these days is what they do every day
    return list((journeys[True] or journeys[False]).values())


def _first(journeys: Sequence[Journey]) -> list[str]:
    """Return the event that most journeys begin with."""
    begun = Counter(min(each, key=lambda name: each[name][0]) for each in journeys)
    return [begun.most_common(1)[0][0]] if begun else []


def _next(journeys: Sequence[Journey], chain: Sequence[str]) -> str | None:
    """Return what many of those who came through a chain do next: of several, the soonest."""
    came, following = 0, defaultdict[str, list[int]](list)
    for journey in journeys:
        reached = _reached(journey, chain)
        if reached is None:
            continue
        came += 1
        for name, times in journey.items():
            if name not in chain and times[0] >= reached:
                following[name].append(times[0] - reached)
    often = {name: each for name, each in following.items() if len(each) >= came * LEAST_SHARE}
    return min(often, key=lambda name: median(often[name]), default=None)


def _reached(journey: Journey, chain: Sequence[str]) -> int | None:
    at = 0
    for name in chain:
        later = [time for time in journey.get(name, []) if time >= at]
        if not later:
            return None
        at = later[0]
    return at
