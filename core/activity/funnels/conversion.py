"""Users by funnel step: counts, rates with intervals, and the time between steps.

A user counts once. Of several apps, without a filter, what he did in all of them is one journey; what nobody has put a name to
belongs to its session. Of one release, only its own events count.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from core import stats
from core.activity.answers import ConfidenceInterval, EarlierFunnel, FunnelStep, FunnelView
from core.activity.funnels import question as asking
from core.activity.funnels.funnel import SAVED, Funnel, FunnelRule, Step, before
from core.activity.funnels.packed_arrays import median_and_p90, unpacked
from core.activity.funnels.question import FunnelQuestion
from core.activity.funnels.segments import Segment
from core.activity.funnels.subject_rows import Sources
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.presentation import words
from core.presentation.periods import Period, Watched

FEWEST_FOR_AN_INTERVAL = 10


@dataclass(frozen=True)
class StepTally:
    """Users per step, now and in the period before; and the seconds from the required step before, at half and nine tenths."""

    users: list[int]
    earlier: list[int]
    seconds: list[tuple[float | None, float | None]]


@dataclass(frozen=True)
class Passed:
    """How many began, and how many of them have come through."""

    begun: int
    through: int

    @property
    def rate(self) -> float | None:
        """Which part of them."""
        return rate(self.through, self.begun)


def read_funnel(
    session: Session,
    period: Period,
    watched: Watched,
    funnel: Funnel = SAVED,
    segment: Segment | None = None,
    *,
    actor: Actor,
) -> FunnelView:
    """Return a funnel: the saved one, or one of any registered event types; raise FunnelRefused for others."""
    require(actor, Permission.WATCH)
    asked = asking.ask(session, funnel, period, watched, segment, is_like_kept=funnel.is_within(SAVED))
    tally = asking.of_many(session, ("funnel", period, watched, funnel, segment), lambda: _tally(session, asked))
    steps, last = funnel.steps, funnel.last
    earlier = EarlierFunnel(
        start=period.previous.start,
        end=period.previous.end,
        users=tally.earlier,
        overall_conversion=rate(tally.earlier[last], tally.earlier[0]),
    )
    return FunnelView(
        steps=[_step(steps, number, tally) for number in range(len(steps))],
        overall_conversion=rate(tally.users[last], tally.users[0]),
        start=period.start,
        end=period.end,
        window_days=funnel.window.days,
        any_order=funnel.any_order,
        is_sampled=False,
        previous=earlier,
    )


def count_through(session: Session, period: Period, watched: Watched, *, actor: Actor) -> tuple[Passed, Passed]:
    """Return of how many who began in a period, and in the one before, how many have come through the saved funnel since."""
    require(actor, Permission.WATCH)
    asked = asking.ask(session, SAVED, period, watched)
    if not asked.is_kept:  # of one release
        return ends(read_funnel(session, period, watched, actor=actor))
    question = text(_of_ends(asked.rule, asked.found))
    row = asking.of_many(session, ("ends", period, watched), lambda: session.execute(question, asked.given).one())
    return Passed(row.begun, row.through), Passed(row.earlier, row.earlier_through)


def ends(funnel: FunnelView) -> tuple[Passed, Passed]:
    """Return the same of a funnel that was read."""
    then = funnel.previous.users
    return Passed(funnel.steps[0].users, funnel.steps[-1].users), Passed(then[0], then[-1])


def rate(part: int, whole: int) -> float | None:
    """Return a fraction, or None of nothing."""
    return part / whole if whole else None


def interval(part: int, whole: int) -> ConfidenceInterval:
    """Return Wilson's 95 % interval; without bounds under ten cases."""
    if whole < FEWEST_FOR_AN_INTERVAL:
        return ConfidenceInterval(low=None, high=None, n=whole)
    low, high = stats.wilson(part, whole)
    return ConfidenceInterval(low=low, high=high, n=whole)


def in_words(share: float | None, found: ConfidenceInterval | None, part: int) -> str:
    """Return a rate with its interval: 62.0% (58.1 to 65.8); under ten cases these are counted: 3 of 8, not enough for a rate."""
    if share is None or found is None:
        return words.NOTHING
    if found.low is None or found.high is None:
        return f"{part} of {found.n}, not enough for a rate"
    return f"{words.share(share)} ({found.low * 100:.1f} to {found.high * 100:.1f})"


def _step(steps: Sequence[Step], number: int, tally: StepTally) -> FunnelStep:
    users, first = tally.users[number], tally.users[0]
    previous = tally.users[before(steps, number)] if number else None
    median, late = tally.seconds[number]
    return FunnelStep(
        step=number + 1,
        event_type=steps[number].name,
        is_optional=steps[number].optional,
        users=users,
        conversion_from_start=rate(users, first),
        conversion_from_previous=rate(users, previous) if previous is not None else None,
        interval=interval(users, first),
        interval_from_previous=interval(users, previous) if previous is not None else None,
        median_seconds_from_previous=median,
        p90_seconds_from_previous=late,
    )


def _tally(session: Session, asked: FunnelQuestion) -> StepTally:
    question = (_of_saved if asked.is_kept else _of_times)(asked.rule, asked.found)
    users, more, earlier, more_earlier, *gaps = session.execute(text(question), asked.given).one()
    pairs = zip(gaps[::2], gaps[1::2], strict=True)
    return StepTally(
        users=[sum(each) for each in zip(users, more, strict=True)],
        earlier=[sum(each) for each in zip(earlier, more_earlier, strict=True)],
        seconds=[(None, None), *(median_and_p90(unpacked(each)) for each in pairs)],
    )


def _of_saved(rule: FunnelRule, found: Sources) -> str:
    """Return the question to `subjects`, without a condition that would have to be looked at a million times."""
    reached = [rule.kept(number) for number in range(len(rule.steps))]
    users = [f"count({name})" for name in reached]
    gaps = [
        _gaps(number, f"{name} is not null", f"date_part('epoch', {name} - {reached[number - 1]}) * 1e6")
        for number, name in enumerate(reached)
        if number > 0
    ]
    counts, earlier = f"array[{', '.join(users)}] as users, {', '.join(gaps)}", f"array[{', '.join(users)}] as earlier"
    most = f"most as materialized (select {counts} from {found.plain})"  # noqa: S608  names of our own
    past = f"past as materialized (select {earlier} from {found.past})"  # noqa: S608
    return _sql(rule, found.apart, most, past)


def _of_ends(rule: FunnelRule, found: Sources) -> str:
    """Return the question for both ends of the saved funnel: times between steps take a fifth longer."""
    last = len(rule.steps)
    ends = f"select count(reached_1) as begun, count(reached_{last}) as through from"
    of_rest = ", ".join(
        f"count(*) filter (where at_1 {sign} :start_us and {rule.is_reached(number)}) as {name}"
        for sign, number, name in ((">=", 0, "begun"), (">=", last - 1, "through"), ("<", 0, "earlier"), ("<", last - 1, "gone"))
    )
    return f"""
with {found.apart}, most as materialized ({ends} {found.plain}), past as materialized ({ends} {found.past}),
tail as materialized (select {of_rest} from rest)
select most.begun + tail.begun as begun, most.through + tail.through as through, past.begun + tail.earlier as earlier,
    past.through + tail.gone as earlier_through from most, past, tail"""  # noqa: S608  names of our own


def _of_times(rule: FunnelRule, found: Sources) -> str:
    most, past = f"most as materialized ({_counts(rule, found.plain)})", "past as (select earlier from most)"
    return _sql(rule, found.apart, most, past)


def _sql(rule: FunnelRule, apart: str, most: str, past: str) -> str:
    """Return the whole question; what is apart is counted by itself, so that several workers may count the rest."""
    gaps = ", ".join(f"most.gaps_{step}, tail.gaps_{step}" for step in range(2, len(rule.steps) + 1))
    return f"""
with {apart}, {most}, {past}, tail as materialized ({_counts(rule, "rest")})
select most.users, tail.users, past.earlier, tail.earlier, {gaps} from most, past, tail"""  # noqa: S608  names of our own


def _counts(rule: FunnelRule, rows: str) -> str:
    steps = range(len(rule.steps))
    users = ", ".join(f"count(*) filter (where at_1 >= :start_us and {rule.is_reached(number)})" for number in steps)
    earlier = ", ".join(f"count(*) filter (where at_1 < :start_us and {rule.is_reached(number)})" for number in steps)
    gaps = [
        _gaps(
            number,
            f"at_1 >= :start_us and {rule.is_reached(number)}",
            f"at_{number + 1} - at_{before(rule.steps, number) + 1}",
        )
        for number in steps[1:]
    ]
    return f"select array[{users}] as users, array[{earlier}] as earlier, {', '.join(gaps)} from {rows}"  # noqa: S608


def _gaps(number: int, condition: str, micros: str) -> str:
    return f"array_send(array_agg(({micros})::bigint) filter (where {condition})) as gaps_{number + 1}"
