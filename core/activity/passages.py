"""How many of those who reached a step of onboarding took the next one within a day, before and after something changed.

Within a day, because those who came later have had less time: of everybody who is counted, a whole day is known.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import text
from sqlalchemy.orm import Session

from core import clock, stats
from core.activity import sources
from core.activity.conversion import ROUGHLY, SAMPLES
from core.activity.funnel import STEPS
from core.activity.releases import list_releases
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View
from core.periods import DAY, Period, Watched

WITHIN, AROUND = timedelta(days=1), 14 * DAY
ENOUGH = 100_000  # subjects that are looked at
FEWEST, LEAST_DROP, CERTAIN = 30, 0.05, 0.999
GRAIN = timedelta(hours=1)

QUESTION = text("""
select step, date_bin('1 hour', reached, timestamptz '2000-01-01 00:00:00+00') as at, count(*) as users,
    count(*) filter (where next - reached <= :within) as passed
from subjects, lateral (values (1, reached_1, reached_2), (2, reached_2, reached_3), (3, reached_3, reached_4),
    (4, reached_4, reached_5)) as each (step, reached, next)
where environment = :environment and app = any(:apps) and reached_1 >= :since - :window and sample < :most
    and reached >= :since and reached < :until
group by 1, 2""")


class Drop(View):
    """From one step to the next fewer came through within a day than before, by more than chance makes."""

    step: int
    event_type: str
    next_event_type: str
    release: str | None
    app: str | None
    at: datetime
    users: int
    rate: float
    before: float
    is_sampled: bool


class Hour(View):
    """Those who reached a step in an hour, and who of them took the next one within a day."""

    step: int
    at: datetime
    users: int
    passed: int


def drops(session: Session, period: Period, watched: Watched, *, actor: Actor) -> list[Drop]:
    """Return where fewer come through: since a release of the period, else in the period at large."""
    require(actor, Permission.WATCH)
    releases = list_releases(session, period, watched, actor=actor)
    apps = [watched.app] if watched.app is not None else sources.list_apps(session, watched)
    hours, is_sampled = _hours(session, period, watched, apps)
    cuts: list[tuple[datetime, str | None, str | None]] = [
        *((each.first_seen_at, each.release, each.app or None) for each in releases),
        (period.start, None, None),
    ]
    found: list[Drop] = []
    for step, (name, following) in enumerate(pairwise(STEPS), 1):
        of_step = [hour for hour in hours if hour.step == step]
        judged = [_judged(of_step, at, len(cuts) * len(STEPS)) for at, _, _ in cuts]
        worst = max(
            (number for number in range(len(cuts)) if judged[number]), key=lambda number: _fall(judged[number]), default=None
        )
        if worst is None:
            continue
        (at, release, app), counts = cuts[worst], judged[worst]
        if counts is not None:
            (passed, users), (passed_before, before) = counts
            rates = {"rate": passed / users, "before": passed_before / before}
            names = {"event_type": name, "next_event_type": following, "release": release, "app": app}
            found.append(Drop(step=step, at=at, users=users, is_sampled=is_sampled, **names, **rates))
    return found


Counts = tuple[tuple[int, int], tuple[int, int]]


def _hours(session: Session, period: Period, watched: Watched, apps: Sequence[str]) -> tuple[list[Hour], bool]:
    count = session.scalar(ROUGHLY) or 0
    most = SAMPLES if count <= ENOUGH else max(1, ENOUGH * SAMPLES // count)
    given = {
        "environment": watched.environment,
        "apps": list(apps),
        "within": WITHIN,
        "window": 30 * DAY,
        "since": period.start - AROUND,
        "until": min(period.end, clock.now() - WITHIN),
        "most": most,
    }
    return [Hour(**row) for row in session.execute(QUESTION, given).mappings()], most < SAMPLES


def _judged(hours: Sequence[Hour], at: datetime, times: int) -> Counts | None:
    """Return who passed of how many after and before a moment, when that is a drop that chance does not explain."""
    after, before = _sum(hours, at, at + AROUND), _sum(hours, at - AROUND, at - GRAIN)
    if min(after[1], before[1]) < FEWEST or not before[0]:
        return None
    low, high = stats.rate_difference(*after, *before, certain=1 - (1 - CERTAIN) / times)
    fall = before[0] / before[1] - after[0] / after[1]
    return (after, before) if low <= high < 0 and fall >= LEAST_DROP else None


def _fall(counts: Counts | None) -> float:
    if counts is None:
        return 0.0
    (passed, users), (passed_before, before) = counts
    return passed_before / before - passed / users


def _sum(hours: Sequence[Hour], start: datetime, end: datetime) -> tuple[int, int]:
    inside = [hour for hour in hours if start <= hour.at < end]
    return sum(hour.passed for hour in inside), sum(hour.users for hour in inside)
