"""How many users took the next step within a day, before and after a release or the start of a
period.

Within a day, because users who came later have had less time: of each user who is counted, a whole
day is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil, sqrt

import numpy as np
from sqlalchemy import BigInteger, Integer, Label, cast, func, literal_column
from sqlalchemy.orm import Session

from core.activity.queries.funnels import subject_rows
from core.activity.queries.funnels.funnel import Columns, Funnel, Step
from core.activity.queries.funnels.funnel_sql import ROUGHLY, SAMPLES
from core.activity.queries.funnels.packed_arrays import Numbers, unpacked
from core.activity.queries.funnels.workspace_funnel import read_workspace_funnel
from core.activity.queries.releases import (
    ReleaseSeen,
    has_user_counts,
    list_releases,
    release_place,
)
from core.cache.large_workspaces import cached_if_large
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View
from core.platform import clock
from core.presentation.periods import DAY, Period, Watched, day_of, midnight
from core.statistics.rates import rate_difference

WITHIN, AROUND = timedelta(days=1), 14 * DAY
ENOUGH = 100_000  # subjects that are looked at
# What is reported at all is decided in docs/decisions/0018
FEWEST, LEAST_BEFORE, LEAST_DROP, CERTAIN = 30, 0.1, 0.05, 0.999
GRAIN = timedelta(hours=1)


class ConversionDrop(View):
    """A significant drop of the conversion within a day from one step to the next."""

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
    label: str
    next_label: str


@dataclass(frozen=True)
class HourlyCounts:
    """Users who reached a step, and the next within a day: running totals by hour."""

    first: int  # hours since 1970
    users: Numbers
    passed: Numbers

    @classmethod
    def of(cls, packed: bytes | None) -> "HourlyCounts":
        """Return the totals of a column packed by _hour_of."""
        hours, passed = np.divmod(unpacked([packed]), 2)
        first = int(hours.min()) if len(hours) else 0
        counts = np.bincount(hours - first), np.bincount(hours - first, passed).astype(np.int64)
        return cls(first, *(np.append(0, np.cumsum(each)) for each in counts))

    def between(self, start: datetime, end: datetime) -> tuple[int, int]:
        """Return (passed, users) of the hours that start in [start, end)."""
        edges = [ceil(at.timestamp() / GRAIN.total_seconds()) - self.first for at in (start, end)]
        since, until = (min(max(edge, 0), len(self.users) - 1) for edge in edges)
        return int(self.passed[until] - self.passed[since]), int(
            self.users[until] - self.users[since]
        )


@dataclass(frozen=True)
class ChangePoint:
    """When conversion may have changed, and until when to compare: until the next release."""

    at: datetime
    until: datetime
    release: str | None = None
    app: str | None = None


@dataclass(frozen=True)
class ChangeCounts:
    """Users and conversions after a change point and before."""

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

    @property
    def deviations(self) -> float:
        """By how many of its standard errors the rate has fallen."""
        users = self.users, self.users_before
        if 0 in users:
            return 0.0
        common = (self.passed + self.passed_before) / sum(users)
        error = sqrt(common * (1 - common) * sum(1 / each for each in users))
        return (self.before - self.rate) / error if error else 0.0

    def is_drop(self, times: int) -> bool:
        """Whether fewer pass, by more than chance explains when one has looked so many times."""
        # Of far fewer users before, the rate is too uncertain to have fallen from
        if self.users < FEWEST or self.users_before < max(FEWEST, self.users * LEAST_BEFORE):
            return False
        after, before = (self.passed, self.users), (self.passed_before, self.users_before)
        _, high = rate_difference(*after, *before, certain=1 - (1 - CERTAIN) / times)
        return high < 0 and self.before - self.rate >= LEAST_DROP


def drops(
    session: Session, period: Period, watched: Watched, *, actor: Actor
) -> list[ConversionDrop]:
    """Return drops since a release of the period, else since their first day; none of a release
    whose users are not counted.

    What changed with a release is counted of the users of its app: another app's may have dropped
    off at the same time.
    """
    require(actor, Permission.WATCH)
    if not has_user_counts(session, watched):
        return []
    cuts = _cuts(period, list_releases(session, period, watched, actor=actor))
    funnel = read_workspace_funnel(session).funnel
    count = session.scalar(ROUGHLY) or 0
    most = SAMPLES if count <= ENOUGH else max(1, ENOUGH * SAMPLES // count)
    hours = _hours_by_app(session, period, watched, funnel, {cut.app for cut in cuts}, most)
    found: list[ConversionDrop] = []
    for number, (step, following) in enumerate(_pairs(funnel)):
        counted = [_counts(hours[cut.app][number], cut) for cut in cuts]
        # Bonferroni: each step and each release that is looked at is one more chance of a false
        # alarm
        fallen = [counts for counts in counted if counts.is_drop(len(cuts) * len(funnel.steps))]
        if fallen:
            worst = max(fallen, key=lambda counts: counts.before - counts.rate)
            worst = _begun_later(hours[worst.cut.app][number], worst, period.zone) or worst
            steps = funnel.steps[step - 1], funnel.steps[following - 1]
            found.append(_drop(step, *steps, worst, period.end, is_sampled=most < SAMPLES))
    return found


def _pairs(funnel: Funnel) -> list[tuple[int, int]]:
    """Return each required step and the one after it, counted from 1."""
    required = [number for number, step in enumerate(funnel.steps, 1) if not step.optional]
    return list(pairwise(required))


def _cuts(period: Period, releases: Sequence[ReleaseSeen]) -> list[ChangePoint]:
    cuts = [ChangePoint(period.start, period.start + AROUND)]
    for number, each in enumerate(releases):
        later = [other.first_seen_at for other in releases[number + 1 :] if other.app == each.app]
        # A release on the same day would leave no whole day to compare
        until = min(
            [each.first_seen_at + AROUND, *(at for at in later if at >= each.first_seen_at + DAY)]
        )
        cuts.append(ChangePoint(each.first_seen_at, until, each.release, each.app or None))
    return cuts


def _counts(hours: HourlyCounts, cut: ChangePoint) -> ChangeCounts:
    # The hour in which it happened belongs to both, and is left out.
    after, before = hours.between(cut.at, cut.until), hours.between(cut.at - AROUND, cut.at - GRAIN)
    return ChangeCounts(cut, *after, *before)


def _begun_later(hours: HourlyCounts, drop: ChangeCounts, zone: str) -> ChangeCounts | None:
    """Return a drop since the midnight from which rates differ most from those before, of no
    release; None where rates had fallen by then, or too few users tell.
    """
    day, later = day_of(drop.cut.at, zone) + 2 * DAY, list[ChangeCounts]()
    while (at := midnight(day, zone)) < drop.cut.until:
        later.append(_counts(hours, replace(drop.cut, at=at, release=None)))
        day += DAY
    split = max([drop, *later], key=lambda counts: counts.deviations)
    if split is drop or not split.is_drop(1):
        return None
    passed, users = hours.between(drop.cut.at, split.cut.at)
    before = drop.passed_before, drop.users_before
    if users < FEWEST or drop.before - passed / users > passed / users - split.rate:
        return None
    _, high = rate_difference(passed, users, *before)
    return split if high >= 0 else None


def _drop(
    step: int, one: Step, following: Step, counts: ChangeCounts, end: datetime, *, is_sampled: bool
) -> ConversionDrop:
    return ConversionDrop(
        step=step,
        event_type=one.name,
        next_event_type=following.name,
        release=counts.cut.release,
        app=counts.cut.app,
        at=counts.cut.at,
        until=min(counts.cut.until, end),
        users=counts.users,
        rate=counts.rate,
        before=counts.before,
        is_sampled=is_sampled,
        label=one.title,
        next_label=following.title,
    )


def _hours_by_app(
    session: Session,
    period: Period,
    watched: Watched,
    funnel: Funnel,
    apps: set[str | None],
    most: int,
) -> dict[str | None, list[HourlyCounts]]:
    """Return the counts of the users of some apps, of `most` samples; None stands for all apps."""
    if len(subject_rows.parameters_of(session, watched)["apps"]) == 1:
        # Those of the only app are those of all
        return dict.fromkeys(apps, _hours(session, period, watched, funnel, most))
    each = {app: replace(watched, app=app or watched.app) for app in apps}
    return {app: _hours(session, period, of_app, funnel, most) for app, of_app in each.items()}


def _hours(
    session: Session, period: Period, watched: Watched, funnel: Funnel, most: int
) -> list[HourlyCounts]:
    rows = subject_rows.select_subjects(has_app=watched.app is not None)
    place = release_place(session, watched)
    given = subject_rows.parameters_of(session, watched, release_place=place)
    # Of users of the last day a whole day is not known yet
    since, until = period.start - AROUND, min(period.end, clock.now() - WITHIN)
    row = rows.selected_columns
    # A step in this time may belong to a start up to a window earlier
    begun = row.reached_1 >= since - funnel.window
    wanted = rows.where(~row.is_unsure, begun, row.sample < most)
    statement = wanted.with_only_columns(
        *(_hour_of(row, steps, since, until) for steps in _pairs(funnel))
    )

    def ask() -> list[HourlyCounts]:
        return [HourlyCounts.of(each) for each in session.execute(statement, given).one()]

    return cached_if_large(session, ("passages", period, watched, funnel), ask)


def _hour_of(
    row: Columns, steps: tuple[int, int], since: datetime, until: datetime
) -> Label[bytes]:
    """Return the hour of a step, times two, plus one if the next step followed within a day."""
    reached, following = (row[f"reached_{step}"] for step in steps)
    hour = cast(
        func.floor(func.date_part(literal_column("'epoch'"), reached) / literal_column("3600")),
        BigInteger,
    )
    has_passed = func.coalesce(
        cast(following - reached <= literal_column("interval '1 day'"), Integer),
        literal_column("0"),
    )
    hours = func.array_agg(hour * literal_column("2") + has_passed).filter(
        reached >= since, reached < until
    )
    return func.array_send(hours).label(f"hours_{steps[0]}")
