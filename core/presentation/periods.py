"""Periods: half-open ranges of time in days of the reporting time zone; and whose rows count."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from core.database.tables import storable
from core.errors import Invalid
from core.ingest import redaction
from core.ingest.intake import key_of
from core.platform import clock

DEFAULT_DAYS = 30
MOST_DAYS = 3660
EARLIEST, LATEST = date(2000, 1, 1), date(2200, 1, 1)
DAY = timedelta(days=1)
WEEK_DAYS = 7
HOUR, HALF_HOUR = timedelta(hours=1), timedelta(minutes=30)

Edge = datetime | date


class RangeRefused(Invalid):
    """Enter a start and an end (ISO 8601 date, or time with UTC offset), or a number of days."""


@dataclass(frozen=True)
class Period:
    """From `start` to just before `end`, both in UTC; `zone` says whose days they are."""

    start: datetime
    end: datetime
    zone: str = "UTC"

    @property
    def previous(self) -> "Period":
        """The period just before: as many calendar days when these are whole ones, else the same length."""
        if self.is_whole_days:
            first = self.first_day - (self.last_day - self.first_day + DAY)
            return Period(midnight(first, self.zone), self.start, self.zone)
        return Period(self.start - (self.end - self.start), self.start, self.zone)

    def before(self, now: datetime) -> "Period":
        """The period before, as far as this one has come: half a day is compared with half a day."""
        previous, still_to_come = self.previous, self.end - max(_half_hour(now), self.start)
        if still_to_come <= timedelta(0):
            return previous
        return replace(previous, end=max(previous.end - still_to_come, previous.start + HALF_HOUR))

    def beside(self, now: datetime) -> "tuple[Period, Period] | None":
        """The days of this period that are over, and as many of the one before; None where either has no whole day."""
        over, earlier = replace(self, end=min(self.end, now)), self.before(now)
        ours, theirs = (each.whole_days if each.start < each.end else None for each in (over, earlier))
        if ours is None or theirs is None:
            return None
        count = min(len(ours.days), len(theirs.days))
        return ours.first_of(count), theirs.first_of(count)

    def first_of(self, days: int) -> "Period":
        """So many days from the one on that it begins in."""
        return replace(self, end=midnight(self.first_day + days * DAY, self.zone))

    @property
    def is_whole_days(self) -> bool:
        """Whether it begins and ends at midnight."""
        return self.whole_days == self

    @property
    def has_every_weekday(self) -> bool:
        """Whether it is a week long or longer: Sundays and Mondays are in it, and in the period before."""
        return round((self.end - self.start) / DAY) >= WEEK_DAYS

    @property
    def whole_days(self) -> "Period | None":
        """The whole days within it; None when it holds none."""
        first, end = midnight(self.first_day, self.zone), midnight(day_of(self.end, self.zone), self.zone)
        if first < self.start:
            first = midnight(self.first_day + DAY, self.zone)
        return Period(first, end, self.zone) if first < end else None

    def days_over_by(self, moment: datetime) -> "Period | None":
        """The period as far as its days are over by then; None when the first is not."""
        end = min(self.end, midnight(day_of(moment, self.zone), self.zone)) if self.end > moment else self.end
        return replace(self, end=end) if end > self.start else None

    @property
    def is_one_day(self) -> bool:
        """Whether all of it lies in one day: such a period is shown by hour."""
        return self.first_day == self.last_day

    def hours_by(self, moment: datetime) -> list[datetime]:
        """Return when the hours of its zone begin that have begun by a moment; the first is cut where the period begins."""
        until = max(min(self.end, moment), self.start + timedelta(microseconds=1))
        local = self.start.astimezone(ZoneInfo(self.zone))
        first = self.start - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return [max(first + number * HOUR, self.start) for number in range(-(-(until - first) // HOUR))]

    @property
    def begins_on(self) -> datetime:
        """When the day begins that it begins in."""
        return midnight(self.first_day, self.zone)

    @property
    def first_day(self) -> date:
        """The day that it begins in."""
        return day_of(self.start, self.zone)

    @property
    def last_day(self) -> date:
        """The last day that has a part in it."""
        return day_of(self.end - timedelta(microseconds=1), self.zone)

    @property
    def days(self) -> list[date]:
        """The days that have a part in it."""
        return [self.first_day + number * DAY for number in range((self.last_day - self.first_day).days + 1)]


@dataclass(frozen=True)
class Pieces:
    """How a period is read from rollups: day rows, half-hour rows at its edges, and raw rows for less than half an hour.

    `unfolded` is what all of the rollups' rows cover: deltas of this range join them.
    """

    days: list[Period]
    half_hours: list[Period]
    unfolded: list[Period]
    raw: list[Period]


def pieces(period: Period, *, by_day: bool = True) -> Pieces:
    """Cut a period; without `by_day`, half hours are read for whole days, too."""
    since, until = _half_hour(period.start + HALF_HOUR - timedelta(microseconds=1)), _half_hour(period.end)
    if since >= until:
        return Pieces([], [], [], [period])
    inner = Period(since, until, period.zone)
    days = _present(inner.whole_days if by_day else None)
    edges = [Period(since, days[0].start), Period(days[0].end, until)] if days else [inner]
    return Pieces(days, _present(*edges), [inner], _present(Period(period.start, since), Period(until, period.end)))


def _present(*given: Period | None) -> list[Period]:
    return [each for each in given if each is not None and each.start < each.end]


def _half_hour(moment: datetime) -> datetime:
    """Return the half hour that a moment lies in: in all zones that are offered, they begin at the same time."""
    return moment - (moment - datetime(2000, 1, 1, tzinfo=UTC)) % HALF_HOUR


def midnight(day: date, zone: str) -> datetime:
    """Return when a day begins, in UTC: where clocks change at midnight, what Postgres' date_trunc says, the later one."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return max(local.astimezone(UTC), local.replace(fold=1).astimezone(UTC))


def day_of(moment: datetime, zone: str) -> date:
    """Return the day of the zone that a moment lies in."""
    return moment.astimezone(ZoneInfo(zone)).date()


def last_days(count: int, *, zone: str, now: datetime | None = None) -> Period:
    """Return so many calendar days, today included and whole."""
    today = day_of(now or clock.now(), zone)
    return Period(midnight(today - (count - 1) * DAY, zone), midnight(today + DAY, zone), zone)


def read_range(start: Edge | None, end: Edge | None, days: int | None, *, zone: str) -> Period:
    """Return the period that somebody asks for: by default the last 30 days; a date stands for its midnight.

    Without an end it goes to the end of today, without a start it is 30 days long. Raises RangeRefused.
    """
    if start is None and end is None:
        return last_days(_checked_days(DEFAULT_DAYS if days is None else days), zone=zone)
    if days is not None:
        raise RangeRefused
    until = _moment(end, zone) if end is not None else last_days(1, zone=zone).end
    since = _moment(start, zone) if start is not None else _days_before(until, zone)
    if since >= until or until - since > MOST_DAYS * DAY:
        raise RangeRefused(f"The start must be before the end, at most {MOST_DAYS:,} days apart.")
    return Period(since, until, zone)


def read_edges(start: Edge | None, end: Edge | None, days: int | None, *, zone: str) -> tuple[datetime | None, datetime | None]:
    """Return from when and until when something is wanted that is of all time unless one says so. Raises RangeRefused."""
    if days is not None or (start is not None and end is not None):
        asked = read_range(start, end, days, zone=zone)
        return asked.start, asked.end
    since, until = (None if each is None else _moment(each, zone) for each in (start, end))
    return since, until


def _days_before(until: datetime, zone: str) -> datetime:
    """Return when so many days begin: those of a calendar before a midnight, be they longer or shorter, else of 24 hours."""
    day = day_of(until, zone)
    return midnight(day - DEFAULT_DAYS * DAY, zone) if until == midnight(day, zone) else until - DEFAULT_DAYS * DAY


def _checked_days(days: int) -> int:
    if not 1 <= days <= MOST_DAYS:
        raise RangeRefused(f"days must be a number from 1 to {MOST_DAYS:,}.")
    return days


def _moment(given: Edge, zone: str) -> datetime:
    day = given.date() if isinstance(given, datetime) else given
    if not EARLIEST <= day <= LATEST:
        raise RangeRefused(f"Dates must be between {EARLIEST} and {LATEST}.")
    if not isinstance(given, datetime):
        return midnight(given, zone)
    if given.tzinfo is None:
        raise RangeRefused
    return given.astimezone(UTC)


def in_address(moment: datetime) -> str:
    """Return a moment as addresses of the console carry it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


@dataclass(frozen=True)
class Watched:
    """Whose rows count: the filters that every Watch answer takes. None is no filter."""

    environment: str = "production"
    app: str | None = None
    release: str | None = None
    user_id: str | None = None

    @property
    def users(self) -> tuple[UUID, ...] | None:
        """The keys that `user_id` may mean."""
        return keys_of("user", self.user_id) if self.user_id is not None else None


def keys_of(kind: str, given: str) -> tuple[UUID, ...]:
    """Return the keys that an id may mean: a sender's own id, or ours. Senders use UUIDs, too, so one may be either.

    An e-mail address is also looked for as redaction leaves it; who was stored before there was such a rule has his own.
    """
    redactor = redaction.current() if "@" in given else None
    names = [given] if redactor is None else list(dict.fromkeys((given, redactor.id(given))))
    theirs = tuple(key_of(kind, name) for name in names)
    try:
        return (UUID(given), *theirs)
    except ValueError:
        return theirs


def id_of(session: Session, table: Table, kind: str, given: str) -> UUID | None:
    """Return the key of a row by our id or the sender's; ours goes before."""
    keys = keys_of(kind, storable(given))
    there = set(session.scalars(select(table.c.id).where(table.c.id.in_(keys))))
    return next((key for key in keys if key in there), None)
