"""Times of a zone in statements: the start of a day, also where clocks change at midnight."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, DateTime, func, literal_column

MICROSECOND: ColumnElement[timedelta] = literal_column("interval '1 microsecond'")


def start_of(
    unit: str, at: ColumnElement[datetime], zone: str | ColumnElement[str]
) -> ColumnElement[datetime]:
    """Return the start of the local day or week of a time."""
    return first_moment(func.date_trunc(unit, func.timezone(zone, at)), zone)


def first_moment(
    local: ColumnElement[datetime], zone: str | ColumnElement[str]
) -> ColumnElement[datetime]:
    """Return when clocks first show a local time, as periods.midnight() does: Postgres returns the
    later time where clocks show it twice.
    """
    before = func.timezone(zone, local - MICROSECOND, type_=DateTime(timezone=True))
    return before + MICROSECOND
