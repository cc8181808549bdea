"""How many users took the next step within a day, before and after a release or the start of a period.

Within a day, because those who came later have had less time: of everybody who is counted, a whole day is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from core import stats
from core.activity.funnels import subject_rows
from core.activity.funnels.funnel import STEPS, WINDOW
from core.activity.funnels.packed_arrays import Numbers, unpacked
from core.activity.funnels.question import ROUGHLY, SAMPLES
from core.activity.queries.releases import ReleaseSeen, list_releases
from core.cache import memo
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View
from core.platform import clock
from core.presentation.periods import DAY, Period, Watched

WITHIN, AROUND = timedelta(days=1), 14 * DAY
ENOUGH = 100_000  # subjects that are looked at
FEWEST, LEAST_BEFORE, LEAST_DROP, CERTAIN = 30, 0.1, 0.05, 0.999
GRAIN = timedelta(hours=1)

# The hour in which each step was reached, doubled, and one more if the next was within a day: one pass, whatever the steps.
HOUR_OF = """array_send(array_agg(
        floor(date_part('epoch', reached_{0}) / 3600)::bigint * 2 + coalesce((reached_{1} - reached_{0} <= :within)::int, 0)
    ) filter (where reached_{0} >= :since and reached_{0} < :until))"""
QUESTION = f"""
select {", ".join(HOUR_OF.format(step, step + 1) for step in range(1, len(STEPS)))}
from {{rows}} and not is_unsure and reached_1 >= :since - :window and sample < :most"""  # noqa: S608  constants


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


@dataclass(frozen=True)
class Hours:
    """Those who reached a step and those of them who took the next one within a day, by hour: running totals from `first` on."""

    first: int  # hours since 1970
    users: Numbers
    passed: Numbers

    @classmethod
    def of(cls, packed: bytes | None) -> "Hours":
        """Return what a column of the question holds."""
        hours, passed = np.divmod(unpacked([packed]), 2)
        first = int(hours.min()) if len(hours) else 0
        counts = np.bincount(hours - first), np.bincount(hours - first, passed).astype(np.int64)
        return cls(first, *(np.append(0, np.cumsum(each)) for each in counts))

    def between(self, start: datetime, end: datetime) -> tuple[int, int]:
        """Return who passed and how many there were, in the hours that begin from `start` to just before `end`."""
        edges = [ceil(at.timestamp() / GRAIN.total_seconds()) - self.first for at in (start, end)]
        since, until = (min(max(edge, 0), len(self.users) - 1) for edge in edges)
        return int(self.passed[until] - self.passed[since]), int(self.users[until] - self.users[since])


@dataclass(frozen=True)
class ChangePoint:
    """A moment at which something may have changed, and until when that is looked at: the next release may have mended it."""

    at: datetime
    until: datetime
    release: str | None = None
    app: str | None = None


@dataclass(frozen=True)
class Counts:
    """Who passed, of how many, after a cut and before."""

    cut: ChangePoint
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
        counted = [_counts(hours[step - 1], cut) for cut in cuts]
        fallen = [counts for counts in counted if counts.is_drop(len(cuts) * len(STEPS))]
        if fallen:
            worst = max(fallen, key=lambda counts: counts.before - counts.rate)
            found.append(_drop(step, name, following, worst, period.end, is_sampled=is_sampled))
    return found


def _cuts(period: Period, releases: Sequence[ReleaseSeen]) -> list[ChangePoint]:
    cuts = [ChangePoint(period.start, period.start + AROUND)]
    for number, each in enumerate(releases):
        later = [other.first_seen_at for other in releases[number + 1 :] if other.app == each.app]
        until = min([each.first_seen_at + AROUND, *(at for at in later if at >= each.first_seen_at + DAY)])
        cuts.append(ChangePoint(each.first_seen_at, until, each.release, each.app or None))
    return cuts


def _counts(hours: Hours, cut: ChangePoint) -> Counts:
    # The hour in which it happened belongs to both, and is left out.
    after, before = hours.between(cut.at, cut.until), hours.between(cut.at - AROUND, cut.at - GRAIN)
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


def _hours(session: Session, period: Period, watched: Watched) -> tuple[list[Hours], bool]:
    count = session.scalar(ROUGHLY) or 0
    most = SAMPLES if count <= ENOUGH else max(1, ENOUGH * SAMPLES // count)
    given = subject_rows.places(session, watched) | {
        "within": WITHIN,
        "window": WINDOW,
        "since": period.start - AROUND,
        "until": min(period.end, clock.now() - WITHIN),
        "most": most,
    }

    def ask() -> list[Hours]:
        return [Hours.of(each) for each in session.execute(text(QUESTION.format(rows=subject_rows.of(watched))), given).one()]

    is_sampled = most < SAMPLES
    return memo.kept(("passages", period, watched), ask) if is_sampled else ask(), is_sampled
