"""How many of those who reached a step of onboarding took the next one within a day, before and after something changed.

Within a day, because those who came later have had less time: of everybody who is counted, a whole day is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import text
from sqlalchemy.orm import Session

from core import clock, memo, stats
from core.activity import sources
from core.activity.asking import ROUGHLY, SAMPLES
from core.activity.funnel import STEPS, WINDOW
from core.activity.releases import ReleaseSeen, list_releases
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View
from core.periods import DAY, Period, Watched

WITHIN, AROUND = timedelta(days=1), 14 * DAY
ENOUGH = 100_000  # subjects that are looked at
FEWEST, LEAST_BEFORE, LEAST_DROP, CERTAIN = 30, 0.1, 0.05, 0.999
GRAIN = timedelta(hours=1)

QUESTION = """
select step, date_bin('1 hour', reached, timestamptz '2000-01-01 00:00:00+00') as at, count(*) as users,
    count(*) filter (where next - reached <= :within) as passed
from (select * from {rows} and not is_unsure and reached_1 >= :since - :window and sample < :most) as subjects,
    lateral (values (1, reached_1, reached_2), (2, reached_2, reached_3), (3, reached_3, reached_4), (4, reached_4, reached_5))
        as each (step, reached, next)
where reached >= :since and reached < :until group by 1, 2"""


class Drop(View):
    """From one step to the next fewer came through within a day than before, by more than chance makes."""

    step: int
    event_type: str
    next_event_type: str
    release: str | None
    app: str | None
    at: datetime
    until: datetime
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


@dataclass(frozen=True)
class Cut:
    """A moment at which something may have changed, and until when that is looked at: the next release may have mended it."""

    at: datetime
    until: datetime
    release: str | None = None
    app: str | None = None


@dataclass(frozen=True)
class Counts:
    """Who passed, of how many, after a cut and before."""

    cut: Cut
    passed: int
    users: int
    passed_before: int
    users_before: int

    @property
    def rate(self) -> float:
        """Which share passes since."""
        return self.passed / self.users

    @property
    def before(self) -> float:
        """Which share did before."""
        return self.passed_before / self.users_before

    def is_drop(self, times: int) -> bool:
        """Whether fewer pass, by more than chance explains when one has looked so many times."""
        if self.users < FEWEST or self.users_before < max(FEWEST, self.users * LEAST_BEFORE):
            return False
        after, before = (self.passed, self.users), (self.passed_before, self.users_before)
        _, high = stats.rate_difference(*after, *before, certain=1 - (1 - CERTAIN) / times)
        return high < 0 and self.before - self.rate >= LEAST_DROP


def drops(session: Session, period: Period, watched: Watched, *, actor: Actor) -> list[Drop]:
    """Return where fewer come through: since a release of the period, else in the period at large."""
    require(actor, Permission.WATCH)
    cuts = _cuts(period, list_releases(session, period, watched, actor=actor))
    hours, is_sampled = _hours(session, period, watched)
    found: list[Drop] = []
    for step, (name, following) in enumerate(pairwise(STEPS), 1):
        counted = [_counts([hour for hour in hours if hour.step == step], cut) for cut in cuts]
        fallen = [counts for counts in counted if counts.is_drop(len(cuts) * len(STEPS))]
        if fallen:
            worst = max(fallen, key=lambda counts: counts.before - counts.rate)
            found.append(_drop(step, name, following, worst, period.end, is_sampled=is_sampled))
    return found


def _cuts(period: Period, releases: Sequence[ReleaseSeen]) -> list[Cut]:
    cuts = [Cut(period.start, period.start + AROUND)]
    for number, each in enumerate(releases):
        later = [other.first_seen_at for other in releases[number + 1 :] if other.app == each.app]
        until = min([each.first_seen_at + AROUND, *(at for at in later if at >= each.first_seen_at + DAY)])
        cuts.append(Cut(each.first_seen_at, until, each.release, each.app or None))
    return cuts


def _counts(hours: Sequence[Hour], cut: Cut) -> Counts:
    # The hour in which it happened belongs to both, and is left out.
    after, before = _sum(hours, cut.at, cut.until), _sum(hours, cut.at - AROUND, cut.at - GRAIN)
    return Counts(cut, *after, *before)


def _drop(step: int, name: str, following: str, counts: Counts, end: datetime, *, is_sampled: bool) -> Drop:
    return Drop(
        step=step,
        event_type=name,
        next_event_type=following,
        release=counts.cut.release,
        app=counts.cut.app,
        at=counts.cut.at,
        until=min(counts.cut.until, end),
        users=counts.users,
        rate=counts.rate,
        before=counts.before,
        is_sampled=is_sampled,
    )


def _hours(session: Session, period: Period, watched: Watched) -> tuple[list[Hour], bool]:
    count = session.scalar(ROUGHLY) or 0
    most = SAMPLES if count <= ENOUGH else max(1, ENOUGH * SAMPLES // count)
    given = sources.places(session, watched) | {
        "within": WITHIN,
        "window": WINDOW,
        "since": period.start - AROUND,
        "until": min(period.end, clock.now() - WITHIN),
        "most": most,
    }

    def ask() -> list[Hour]:
        return [Hour(**row) for row in session.execute(text(QUESTION.format(rows=sources.of(watched))), given).mappings()]

    is_sampled = most < SAMPLES
    return memo.kept(("passages", period, watched), ask) if is_sampled else ask(), is_sampled


def _sum(hours: Sequence[Hour], start: datetime, end: datetime) -> tuple[int, int]:
    inside = [hour for hour in hours if start <= hour.at < end]
    return sum(hour.passed for hour in inside), sum(hour.users for hour in inside)
