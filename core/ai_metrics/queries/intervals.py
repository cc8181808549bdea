"""The intervals of series: how long they are, and when each begins in the reporting time zone."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from itertools import pairwise

from sqlalchemy import ColumnElement, DateTime, Text, bindparam, func, literal_column

from core.ai_metrics.errors import TooFine
from core.ai_metrics.views import Interval
from core.database.local_times import moment_of, moment_sql, start_of
from core.presentation.periods import DAY, HALF_HOUR, HOUR, Period, midnight

MOST_POINTS = 2000
# The longest period of each, so that a chart of a third of a page has bars of four pixels
LONGEST = {
    Interval.HALF_HOUR: 12 * HOUR,
    Interval.HOUR: 54 * HOUR,
    Interval.SIX_HOURS: 13 * DAY,
    Interval.DAY: 62 * DAY,
}
PARTS_OF_A_DAY = (0, 6, 12, 18)
EPOCH_SQL = literal_column("timestamptz '2000-01-01 00:00:00+00'", DateTime(timezone=True))
LOCAL_EPOCH_SQL = literal_column("timestamp '2000-01-01 00:00:00'", DateTime())
HALF_HOUR_SQL: ColumnElement[timedelta] = literal_column("interval '30 minutes'")
SIX_HOURS_SQL: ColumnElement[timedelta] = literal_column("interval '6 hours'")


def chosen(period: Period, interval: Interval | None) -> Interval:
    """Return the requested interval, else one that fits a chart; raise TooFine."""
    length = period.end - period.start
    if interval is None:
        return next((step for step, most in LONGEST.items() if length <= most), Interval.WEEK)
    if not interval.is_of_days and length / interval.length > MOST_POINTS:
        raise TooFine
    return interval


def points(period: Period, step: Interval, found: Mapping[datetime, object]) -> list[datetime]:
    """Return when the intervals of a period begin, and any other that something was found in."""
    if step is Interval.DAY:
        return sorted({*found, *(midnight(day, period.zone) for day in period.days)})
    if step is Interval.WEEK:
        mondays = {day - day.weekday() * DAY for day in period.days}
        return sorted({*found, *(midnight(day, period.zone) for day in mondays)})
    if step is Interval.SIX_HOURS:
        return sorted({*found, *_six_hours(period)})
    return sorted({*found, *(period.hours if step is Interval.HOUR else period.half_hours)})


def start_of_interval(at: ColumnElement[datetime], step: Interval) -> ColumnElement[datetime]:
    """Return when the interval of a row begins."""
    zone = bindparam("zone", type_=Text)
    if step is Interval.HALF_HOUR:
        return func.date_bin(HALF_HOUR, at, EPOCH_SQL)
    if step is Interval.SIX_HOURS:
        local = func.date_bin(SIX_HOURS_SQL, func.timezone(zone, at), LOCAL_EPOCH_SQL)
        return moment_sql(local, zone)
    if step.is_of_days:
        return start_of(step.value, at, zone)
    return _hour_of(at, zone)


def _hour_of(at: ColumnElement[datetime], zone: ColumnElement[str]) -> ColumnElement[datetime]:
    start = func.date_trunc("hour", at, zone, type_=DateTime(timezone=True))
    local = func.timezone(zone, start, type_=DateTime())
    # Where clocks change by half an hour, an hour can begin when they do
    return start + (func.date_trunc("hour", local + HALF_HOUR_SQL, type_=DateTime()) - local)


def _six_hours(period: Period) -> list[datetime]:
    """Return the starts of the quarters of days that are at least partly in a period."""
    days = [*period.days, period.last_day + timedelta(days=1)]
    starts = [
        moment_of(datetime.combine(day, time(hour)), period.zone)
        for day in days
        for hour in PARTS_OF_A_DAY
    ]
    return [start for start, end in pairwise(starts) if end > period.start and start < period.end]
