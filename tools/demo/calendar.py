"""When things happen in the demo.

It is loaded at some moment of its last week, shifted by whole weeks, without what would come after
that moment. Stories happen before that week, so that they are over or under way whenever it is
loaded.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random

from core.demo.shifting import END, WEEK

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEFORE = 60 * DAY  # the last week
SLOTS = (BEFORE + WEEK) // HOUR
# How busy the hours of a day are, in UTC, and the days of a week from Monday on.
HOURS = (3, 2, 1, 1, 2, 4, 9, 16, 22, 25, 26, 27, 30, 27, 24, 24, 27, 32, 40, 46, 42, 30, 17, 8)
WEEKDAYS = (1.1, 1.15, 1.0, 0.98, 0.9, 0.72, 0.86)
GROWTH = 0.5 / (BEFORE / HOUR)  # an hour
# Releases with how many days before the last week they came out.
RELEASES = (
    ("2.4.0", 400.0),
    ("2.4.1", 55.4),
    ("2.5.0", 47.3),
    ("2.5.2", 39.4),
    ("2.6.0", 30.4),
    ("2.6.1", 24.3),
    ("2.7.0", 12.4),
    ("2.7.1", 2.6),
)


@dataclass(frozen=True)
class StoryWindow:
    """A time in which a story happens, its end excluded."""

    start: datetime
    end: datetime

    def __contains__(self, at: datetime) -> bool:
        """Whether a time is within it."""
        return self.start <= at < self.end


@dataclass(frozen=True)
class Calendar:
    """The sixty days before the last week, and that week, with the windows of the stories."""

    until: datetime = END
    _sums: list[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Weigh the hours."""
        object.__setattr__(
            self, "_sums", list(accumulate(self._weight(number) for number in range(SLOTS)))
        )

    @property
    def start(self) -> datetime:
        """When it begins."""
        return self.last_week - BEFORE

    def moment(
        self, random: Random, since: datetime | None = None, end: datetime | None = None
    ) -> datetime:
        """Return a moment when people are about, between two others or within the whole time."""
        low = self._sum_until(since or self.start)
        high = self._sum_until(end or self.until)
        wanted = low + random.random() * (high - low)
        number = min(bisect_right(self._sums, wanted), len(self._sums) - 1)
        found = self.start + number * HOUR + random.random() * HOUR
        return min(max(found, since or self.start), end or self.until)

    def _sum_until(self, at: datetime) -> float:
        number = min(max(int((at - self.start) / HOUR), 0), len(self._sums))
        return self._sums[number - 1] if number else 0.0

    def _weight(self, number: int) -> float:
        at = self.start + number * HOUR
        return HOURS[at.hour] * WEEKDAYS[at.weekday()] * (1 + GROWTH * number)

    @property
    def last_week(self) -> datetime:
        """When the week begins in which the demo is loaded: on a Monday."""
        return self.until - WEEK

    def ago(self, days: float) -> datetime:
        """Return a moment so many days before the last week."""
        return self.last_week - days * DAY

    def release(self, at: datetime) -> str:
        """Return the current release at a time."""
        return next(
            name
            for name, days in reversed(RELEASES)
            if self.ago(days) <= at or days == RELEASES[0][1]
        )

    @property
    def latency(self) -> StoryWindow:
        """When one model was slow."""
        return StoryWindow(self.ago(5.6), self.ago(4.1))

    @property
    def portfolio_bug(self) -> StoryWindow:
        """When the starter board could not be saved: from release 2.6.0 to 2.6.1."""
        return StoryWindow(self.ago(30.4), self.ago(24.3))

    @property
    def new_model(self) -> StoryWindow:
        """Since when a larger model answers: release 2.7.0."""
        return StoryWindow(self.ago(12.4), self.until + DAY)

    @property
    def carrier(self) -> StoryWindow:
        """Since when Polarpost's tracking times out."""
        return StoryWindow(self.ago(9.5), self.until + DAY)

    def is_monday(self, at: datetime) -> bool:
        """Whether the sensors of one cellar were out of reach last night."""
        return at.weekday() == 0 and at >= self.ago(36)

    def happens(self, when: str | None, at: datetime) -> bool:
        """Whether a situation can occur at a time."""
        if when is None:
            return True
        if when == "monday":
            return self.is_monday(at)
        window: StoryWindow = getattr(self, when)
        return at in window
