"""Periods: half-open time ranges in days of the reporting time zone; filters of Watch pages."""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from core.database.local_times import moment_of
from core.errors import Invalid
from core.ingest.external_ids import keys_of
from core.platform import clock
from core.platform.clock import MICROSECOND
from core.presentation.formatting import NONE

DEFAULT_DAYS = 30
MOST_DAYS = 3660  # ten years
EARLIEST, LATEST = date(2000, 1, 1), date(2200, 1, 1)
DAY = timedelta(days=1)
WEEK_DAYS = 7
HOUR, HALF_HOUR = timedelta(hours=1), timedelta(minutes=30)

Edge = datetime | date


class RangeRefused(Invalid):
    """Enter a start and an end (ISO 8601 date, or time with UTC offset), or a number of days."""


@dataclass(frozen=True)
class Period:
    """From `start` to before `end`, in UTC; `zone` is the time zone of its days."""

    start: datetime
    end: datetime
    zone: str = "UTC"

    @property
    def previous(self) -> "Period":
        """The period just before: as many calendar days for whole days, else the same length."""
        if self.is_whole_days:
            first = self.first_day - (self.last_day - self.first_day + DAY)
            return Period(midnight(first, self.zone), self.start, self.zone)
        return Period(self.start - (self.end - self.start), self.start, self.zone)

    def before(self, now: datetime) -> "Period":
        """The previous period, shortened to as much as this one has elapsed."""
        previous, remaining = self.previous, self.end - max(half_hour(now), self.start)
        if remaining <= timedelta(0):
            return previous
        # Of a period that has just begun, too, there is something to compare with
        return replace(previous, end=max(previous.end - remaining, previous.start + HALF_HOUR))

    def beside(self, now: datetime) -> "tuple[Period, Period] | None":
        """The complete days of this period, and as many of the previous one; or None."""
        elapsed, previous = replace(self, end=min(self.end, now)), self.before(now)
        current_days, previous_days = (
            part.whole_days if part.start < part.end else None for part in (elapsed, previous)
        )
        if current_days is None or previous_days is None:
            return None
        count = min(len(current_days.days), len(previous_days.days))
        return current_days.first_of(count), previous_days.first_of(count)

    def first_of(self, days: int) -> "Period":
        """The first `days` days of the period."""
        return replace(self, end=midnight(self.first_day + days * DAY, self.zone))

    @property
    def is_whole_days(self) -> bool:
        """Whether it starts and ends at midnight."""
        return self.whole_days == self

    @property
    def has_every_weekday(self) -> bool:
        """Whether it lasts at least a week, so that every weekday is in it."""
        return round((self.end - self.start) / DAY) >= WEEK_DAYS

    @property
    def whole_days(self) -> "Period | None":
        """The whole days within it, or None."""
        first = midnight(self.first_day, self.zone)
        end = midnight(day_of(self.end, self.zone), self.zone)
        if first < self.start:
            first = midnight(self.first_day + DAY, self.zone)
        return Period(first, end, self.zone) if first < end else None

    def days_over_by(self, moment: datetime) -> "Period | None":
        """The days that have ended by a time, or None when the first has not."""
        end = (
            min(self.end, midnight(day_of(moment, self.zone), self.zone))
            if self.end > moment
            else self.end
        )
        return replace(self, end=end) if end > self.start else None

    @property
    def is_one_day(self) -> bool:
        """Whether it is within one day; such a period is shown by hour."""
        return self.first_day == self.last_day

    @property
    def half_hours(self) -> list[datetime]:
        """The starts of the half hours that are at least partly in it."""
        first = half_hour(self.start)
        return [first + number * HALF_HOUR for number in range(-((first - self.end) // HALF_HOUR))]

    @property
    def hours(self) -> list[datetime]:
        """The starts of the hours of its zone that are at least partly in it: where clocks change
        by half an hour, hours move with them.
        """
        zone = ZoneInfo(self.zone)
        starts = {
            half - timedelta(minutes=half.astimezone(zone).minute) for half in self.half_hours
        }
        # One that begins at half past by the clock before the change begins with the change
        return sorted(
            {start + timedelta(minutes=start.astimezone(zone).minute) for start in starts}
        )

    def hours_by(self, moment: datetime) -> list[datetime]:
        """The starts of the hours in its zone that have begun; the first is `start`."""
        until = max(min(self.end, moment), self.start + MICROSECOND)
        return [max(hour, self.start) for hour in replace(self, end=until).hours]

    @property
    def begins_on(self) -> datetime:
        """The start of its first day."""
        return midnight(self.first_day, self.zone)

    @property
    def first_day(self) -> date:
        return day_of(self.start, self.zone)

    @property
    def last_day(self) -> date:
        """The last day that is at least partly in it."""
        return day_of(self.end - MICROSECOND, self.zone)

    @property
    def days(self) -> list[date]:
        """The days that are at least partly in it."""
        return [
            self.first_day + number * DAY
            for number in range((self.last_day - self.first_day).days + 1)
        ]


def half_hour(moment: datetime) -> datetime:
    """Return the start of the half hour of a time; it is the same in all offered time zones."""
    return moment - (moment - datetime(2000, 1, 1, tzinfo=UTC)) % HALF_HOUR


def midnight(day: date, zone: str) -> datetime:
    """Return the first moment of a day in UTC, also where midnight comes twice or never."""
    return moment_of(datetime.combine(day, time()), zone)


def day_of(moment: datetime, zone: str) -> date:
    """Return the day of a time in a zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


def end_of_day(moment: datetime, zone: str) -> datetime:
    """Return the midnight after a time, however long its day is."""
    return midnight(day_of(moment, zone) + DAY, zone)


def last_days(count: int, *, zone: str) -> Period:
    """Return the last `count` calendar days, including the whole of today."""
    today = day_of(clock.now(), zone)
    return Period(midnight(today - (count - 1) * DAY, zone), midnight(today + DAY, zone), zone)


def read_range(start: Edge | None, end: Edge | None, days: int | None, *, zone: str) -> Period:
    """Return the requested period: by default the last 30 days; a date means its midnight.

    Without an end it lasts until the end of today, without a start it has 30 days. Raises
    RangeRefused.
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


def read_written(days: str, start: str, end: str, *, zone: str) -> Period:
    """Return the period of an address: with an edge from start to end, else the last `days`, 30
    where both are empty; raise RangeRefused.
    """
    if start or end or not days:
        return read_range(_written_edge(start), _written_edge(end), None, zone=zone)
    return read_range(None, None, int(days) if is_count(days) else 0, zone=zone)


def is_count(given: str) -> bool:
    """Whether this is a plausible number of days: int() refuses superscripts and thousands of
    digits.
    """
    return given.isdecimal() and len(given) <= len(str(MOST_DAYS))


def _written_edge(given: str) -> Edge | None:
    if not given:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise RangeRefused from None
    return moment.date() if len(given) == len("2026-01-01") else moment


def read_edges(
    start: Edge | None, end: Edge | None, days: int | None, *, zone: str
) -> tuple[datetime | None, datetime | None]:
    """Return the requested start and end, each None when unlimited; raise RangeRefused."""
    if days is not None or (start is not None and end is not None):
        period = read_range(start, end, days, zone=zone)
        return period.start, period.end
    since, until = (None if edge is None else _moment(edge, zone) for edge in (start, end))
    return since, until


def _days_before(until: datetime, zone: str) -> datetime:
    """Return the default start: calendar days before a midnight, else 24-hour days."""
    day, span = day_of(until, zone), DEFAULT_DAYS * DAY
    return midnight(day - span, zone) if until == midnight(day, zone) else until - span


def _checked_days(days: int) -> int:
    if not 1 <= days <= MOST_DAYS:
        raise RangeRefused(f"days must be a number from 1 to {MOST_DAYS:,}.")
    return days


def check_day(day: date) -> None:
    """Raise RangeRefused for a day outside the dates that may be asked for."""
    if not EARLIEST <= day <= LATEST:
        raise RangeRefused(f"Dates must be between {EARLIEST} and {LATEST}.")


def _moment(edge: Edge, zone: str) -> datetime:
    check_day(edge.date() if isinstance(edge, datetime) else edge)
    if not isinstance(edge, datetime):
        return midnight(edge, zone)
    if edge.tzinfo is None:
        raise RangeRefused
    return edge.astimezone(UTC)


def in_address(moment: datetime) -> str:
    """Return a time as in the console's addresses."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


@dataclass(frozen=True)
class Watched:
    """The filters of every Watch page and API call; None is no filter. The app or release `(none)`
    selects rows without one, which have "".
    """

    environment: str = "production"
    app: str | None = None
    release: str | None = None
    user_id: str | None = None

    def __post_init__(self) -> None:
        for name in ("app", "release"):
            if getattr(self, name) == NONE:
                object.__setattr__(self, name, "")

    @property
    def parameters(self) -> dict[str, str]:
        """The filters that apply, as in an address."""
        return {name: value or NONE for name, value in asdict(self).items() if value is not None}

    @property
    def users(self) -> tuple[UUID, ...] | None:
        """The keys that `user_id` may mean."""
        return keys_of("user", self.user_id) if self.user_id is not None else None
