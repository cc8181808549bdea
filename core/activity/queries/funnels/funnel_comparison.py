"""A funnel compared with another period, or with other users.

Each step of both sides counts conversions within the time that all users have had, in whole days:
otherwise users who began late would convert more rarely. Users who have had less than a day are
left out; without any others, there is no verdict.
"""

import re
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from core.activity.errors import FunnelRefused
from core.activity.funnel_views import (
    FunnelComparison,
    FunnelView,
    RateDifference,
    StepComparison,
)
from core.activity.queries.funnels.funnel import Funnel, before
from core.activity.queries.funnels.funnel_counts import read_funnel
from core.activity.queries.funnels.segments import Segment
from core.activity.queries.funnels.workspace_funnel import read_workspace_funnel
from core.activity.rates import FEWEST_FOR_AN_INTERVAL
from core.identity.schemas import Actor
from core.platform import clock
from core.presentation import formatting
from core.presentation.comparison import ChangeVerdict, Meaning, of_rate
from core.presentation.periods import DAY, Period, RangeRefused, Watched, read_range
from core.statistics.rates import rate_difference

DATES = re.compile(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)")
PREVIOUS = "previous"
EARLY = "Too early to compare: less than 1 day of data."


@dataclass(frozen=True)
class ComparedUsers:
    """A period and segment to compare."""

    period: Period
    segment: Segment | None
    name: str


def other_side(given: str, period: Period, segment: Segment | None) -> ComparedUsers:
    """Parse `previous`, 2026-10-01..2026-10-08 or a segment; raise FunnelRefused."""
    if given == PREVIOUS:
        return ComparedUsers(period.before(clock.now()), segment, "Previous period")
    if found := DATES.fullmatch(given):
        try:
            other = read_range(
                date.fromisoformat(found[1]), date.fromisoformat(found[2]), None, zone=period.zone
            )
        except (ValueError, RangeRefused):
            raise FunnelRefused(
                "Write a range as 2026-10-01..2026-10-08 (end not included)."
            ) from None
        return ComparedUsers(other, segment, formatting.days(other.first_day, other.last_day))
    other_segment = Segment.read(given)
    return ComparedUsers(period, other_segment, other_segment.name)


def compare_funnels(
    session: Session,
    period: Period,
    watched: Watched,
    funnel: Funnel | None = None,
    segment: Segment | None = None,
    against: str = PREVIOUS,
    *,
    actor: Actor,
) -> FunnelComparison:
    """Return two funnels and how their rates differ; raise FunnelRefused."""
    funnel = funnel or read_workspace_funnel(session).funnel
    side = other_side(against, period, segment)
    fair = _fair(funnel, period, side.period)
    funnel, *periods = fair or (funnel, period, side.period)
    one = read_funnel(session, periods[0], watched, funnel, segment, actor=actor)
    other = read_funnel(session, periods[1], watched, funnel, side.segment, actor=actor)
    steps = [
        _step(funnel, one, other, number, is_early=fair is None)
        for number in range(len(funnel.steps))
    ]
    name = (
        segment.name
        if segment is not None
        else "This period"
        if side.segment is None
        else "All users"
    )
    labels = [step.title for step in funnel.steps]
    says = _says(steps, labels, funnel.last) if fair else EARLY
    return FunnelComparison(
        name=name, other_name=side.name, one=one, other=other, steps=steps, says=says
    )


def _fair(funnel: Funnel, period: Period, other: Period) -> tuple[Funnel, Period, Period] | None:
    """Return the funnel and periods in which every user has had equal time, or None."""
    # Segments of one period, too: users of a new plan have all begun lately
    now = clock.now()
    one, beside = period.days_over_by(now - DAY), other.days_over_by(now - DAY)
    if one is None or beside is None:
        return None
    days = min(funnel.window, now - max(one.end, beside.end)) // DAY
    return replace(funnel, window=days * DAY), one, beside


def _step(
    funnel: Funnel, one: FunnelView, other: FunnelView, number: int, *, is_early: bool
) -> StepComparison:
    def against(whole: int) -> RateDifference:
        found = difference(
            (one.steps[number].users, one.steps[whole].users),
            (other.steps[number].users, other.steps[whole].users),
        )
        return found.model_copy(update={"verdict": ChangeVerdict.EARLY}) if is_early else found

    return StepComparison(
        step=number + 1,
        event_type=one.steps[number].event_type,
        from_start=against(0),
        from_previous=against(before(funnel.steps, number) if number else 0),
    )


def difference(one: tuple[int, int], other: tuple[int, int]) -> RateDifference:
    """Return by how much one rate, as its part and whole, is above another."""
    if not one[1] or not other[1]:
        return RateDifference(difference=None, low=None, high=None, verdict=ChangeVerdict.UNKNOWN)
    apart = one[0] / one[1] - other[0] / other[1]
    if min(one[1], other[1]) < FEWEST_FOR_AN_INTERVAL:
        return RateDifference(difference=apart, low=None, high=None, verdict=ChangeVerdict.UNKNOWN)
    low, high = rate_difference(*one, *other)
    return RateDifference(
        difference=apart, low=low, high=high, verdict=of_rate(one, other, Meaning.GOOD).verdict
    )


def _says(steps: list[StepComparison], labels: list[str], last: int) -> str:
    """Return the verdict as a sentence, with the step of the largest change."""
    whole = steps[last].from_start
    if whole.verdict is ChangeVerdict.UNKNOWN:
        return "Not enough users: each side needs at least 10."
    if whole.verdict is ChangeVerdict.NOISE:
        verdict = "No significant difference in conversion."
    else:
        change = "lower" if whole.verdict is ChangeVerdict.WORSE else "higher"
        verdict = f"Conversion {change}: {points(whole)}."
    told = [
        step
        for step in steps[1:]
        if step.from_previous.verdict in (ChangeVerdict.WORSE, ChangeVerdict.BETTER)
    ]
    most = max(told, key=lambda step: abs(step.from_previous.difference or 0), default=None)
    where = (
        f" Largest change at {labels[most.step - 1]}: {points(most.from_previous)}." if most else ""
    )
    return verdict + where


def points(difference: RateDifference) -> str:
    """Return a difference in words: +3.2 pts (0.4 to 6.0)."""
    if difference.difference is None:
        return formatting.NOTHING
    range_ = (
        f" ({difference.low * 100:+.1f} to {difference.high * 100:+.1f})"
        if difference.low is not None and difference.high is not None
        else ""
    )
    return f"{difference.difference * 100:+.1f} pts{range_}"
