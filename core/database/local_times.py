"""Times of a zone: the start of a day, also where clocks change at midnight."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, DateTime, func, literal_column

from core.platform.clock import MICROSECOND

MICROSECOND_SQL: ColumnElement[timedelta] = literal_column("interval '1 microsecond'")


def moment_of(local: datetime, zone: str) -> datetime:
    """Return when clocks first show a local time, in UTC."""
    # The microsecond before exists also where clocks skip midnight. Where they turn back at
    # midnight it comes twice, and the day begins after the second (fold=1).
    before = (local - MICROSECOND).replace(tzinfo=ZoneInfo(zone), fold=1)
    return before.astimezone(UTC) + MICROSECOND


def moment_sql(
    local: ColumnElement[datetime], zone: str | ColumnElement[str]
) -> ColumnElement[datetime]:
    """Return the same as SQL, which by itself has the later time of two."""
    before = func.timezone(zone, local - MICROSECOND_SQL, type_=DateTime(timezone=True))
    return before + MICROSECOND_SQL


def start_of(
    unit: str, at: ColumnElement[datetime], zone: str | ColumnElement[str]
) -> ColumnElement[datetime]:
    """Return the start of the local day or week of a time."""
    return moment_sql(func.date_trunc(unit, func.timezone(zone, at)), zone)
