"""Filters of users."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import Field

from core.activity.engagement_views import PathDirection
from core.activity.queries import name_lists
from core.activity.queries.engagement.path_rows import DEPTH, PathQuery
from core.activity.views import OnboardingStatus
from core.errors import Invalid
from core.identity.schemas import View


class DayRangeRefused(Invalid):
    """Write a range of days as 2026-10-01..2026-10-08 (end not included)."""


@dataclass(frozen=True)
class DayRange:
    """Days of the reporting time zone, without the end."""

    start: date
    end: date

    @classmethod
    def read(cls, given: str) -> "DayRange":
        """Parse 2026-10-01..2026-10-08; raise DayRangeRefused."""
        try:
            start, end = (date.fromisoformat(each) for each in given.split("..", 1))
        except ValueError:
            raise DayRangeRefused from None
        return cls(start, end)

    def __str__(self) -> str:
        return f"{self.start}..{self.end}"


class PathRefused(Invalid):
    """Write a path as after,2026-10-01T00:00Z,2026-10-08T00:00Z,signed.up,plan.chosen."""


@dataclass(frozen=True)
class PathTaken:
    """The first steps of a path; END is its end."""

    asked: PathQuery
    steps: tuple[str, ...]

    @classmethod
    def read(cls, given: str) -> "PathTaken":
        """Parse direction, start, end, event type and steps; raise PathRefused."""
        try:
            direction, start, end, event_type, *steps = name_lists.parse(given)
            asked = PathQuery(event_type, PathDirection(direction), *map(_moment, (start, end)))
        except (ValueError, OverflowError):
            raise PathRefused from None
        if len(steps) > DEPTH or not event_type:
            raise PathRefused
        return cls(asked, tuple(steps))

    def __str__(self) -> str:
        asked = self.asked
        times = (f"{each:%Y-%m-%dT%H:%M:%S.%fZ}" for each in (asked.start, asked.end))
        return name_lists.written([asked.direction, *times, asked.event_type, *self.steps])


def _moment(written: str) -> datetime:
    """Return a time in UTC, as `str()` of a path writes it; raise ValueError or OverflowError."""
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return moment.astimezone(UTC)


MAX_STEP = 99  # two digits, more than a funnel has steps


class UserFilter(View):
    """Filters of users: `q` is part of an ID, address or name; `step` the last one reached.

    `active`: seen on one of these days; `first_active`: on one of these for the first time. Both
    are ranges as DayRange reads them, and `path` is as PathTaken does.
    """

    q: str | None = None
    status: OnboardingStatus | None = None
    step: Annotated[int, Field(ge=0, le=MAX_STEP)] | None = None
    active: str | None = None
    first_active: str | None = None
    path: str | None = None


def escaped(part: str | None) -> str:
    """Return a part of a word as `like` takes it for itself."""
    return (part or "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
