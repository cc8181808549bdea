"""Times as files write them: ISO with any offset or none, epochs in four units, seconds since some start, and older habits."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from core.imports.mapping import SINCE_START, ValueUnit

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PER_SECOND = {
    ValueUnit.SECONDS: 1,
    ValueUnit.MILLISECONDS: 1_000,
    ValueUnit.MICROSECONDS: 1_000_000,
    ValueUnit.NANOSECONDS: 1_000_000_000,
}
# Seconds from 1990 to 2100: what lies there, in one of the units, is taken for an epoch.
EARLIEST_EPOCH, LATEST_EPOCH = 631_152_000, 4_102_444_800
NO_ZONE = "has no time zone; choose one"
ZONE_WORDS = re.compile(r"\s*(?:\(?(?:UTC|GMT|Z)\)?)$")
DAY_FIRST = ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y")
MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y")
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
OTHER = (
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%Y%m%d-%H%M%S",
    "%d/%b/%Y:%H:%M:%S %z",
    "%b %d, %Y, %I:%M:%S %p",
    "%b %d, %Y %H:%M:%S",
    "%d %b %Y %H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f %z",
    "%Y-%m-%d %H:%M:%S %z",
)
LONGEST, LONGEST_READ = 60, 120  # of what may be a time, and of what a mapping says is one
PLAUSIBLE = re.compile(r"\d{8}|\d\D+\d+\D+\d|^\d+-W?\d+$")  # of the time alone, ISO has eight digits
DIRECTIVE, WORDLIKE = re.compile(r"%[a-zA-Z]"), re.compile(r"\w|(?<=\s)\s+")
Reader = Callable[[Any], str]


def reader(unit: ValueUnit, *, zone: str | None, start: datetime | None, zero: float) -> Reader:
    """Return what reads a time, as ISO 8601 in UTC; what it returns raises ValueError, with words."""
    if unit in SINCE_START:
        return _since(start or EPOCH, zero, 1000 if unit is ValueUnit.MILLISECONDS_SINCE_START else 1)
    if unit in PER_SECOND:
        return _epoch(PER_SECOND[unit])
    return _written(ZoneInfo(zone) if zone else None, _habits(unit))


@lru_cache(maxsize=20_000)
def naive_or_aware(text: str, unit: ValueUnit) -> datetime | None:
    """Return what a text says, or None when it is no time."""
    # Each way of writing a time costs a try: what is plainly none is not tried.
    return _parsed(text, _habits(unit)) if len(text) <= LONGEST and PLAUSIBLE.search(text) else None


@lru_cache(maxsize=1_000)
def _marks(text: str) -> str:
    """Return what stands between the words and the numbers of a time."""
    return WORDLIKE.sub("", text)


@cache
def _habits(unit: ValueUnit) -> tuple[str, ...]:
    days = {ValueUnit.DAY_FIRST: DAY_FIRST, ValueUnit.MONTH_FIRST: MONTH_FIRST}.get(unit, ())
    return tuple(day + clock for day in days for clock in CLOCKS) + OTHER


def _written(zone: ZoneInfo | None, habits: tuple[str, ...]) -> Reader:
    def read(value: Any) -> str:  # noqa: ANN401  a cell of any type
        if isinstance(value, datetime):
            at = value
        else:
            try:
                at = datetime.fromisoformat(value)
            except (ValueError, TypeError):
                found = _parsed(str(value), habits)
                if found is None:
                    raise ValueError(f"{str(value)[:60]!r} is not a time") from None
                at = found
        if at.tzinfo is None:
            if zone is None:
                raise ValueError(f"{str(value)[:60]!r} {NO_ZONE}")
            at = at.replace(tzinfo=zone)
        return iso(at)

    return read


def iso(at: datetime) -> str:
    """Return a time as ISO 8601 in UTC."""
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat()


def _parsed(text: str, habits: tuple[str, ...]) -> datetime | None:
    plain = text.strip()
    if len(plain) > LONGEST_READ:
        return None
    try:
        return datetime.fromisoformat(plain)
    except ValueError:
        pass
    named = ZONE_WORDS.search(plain)
    if named is not None and plain:
        found = _parsed(plain[: named.start()], habits) if named.start() else None
        if found is not None:
            return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    marks = _marks(plain)
    for habit in habits:
        # Python compiles a way of writing anew for most tries: those are left out that have other marks between their parts.
        if "%z" not in habit and _marks(DIRECTIVE.sub("", habit)) != marks:
            continue
        try:
            return datetime.strptime(plain, habit)  # noqa: DTZ007  the zone comes after
        except ValueError:
            continue
    try:
        return parsedate_to_datetime(plain)
    except (ValueError, TypeError, IndexError):
        return None


def _epoch(per_second: int) -> Reader:
    def read(value: Any) -> str:  # noqa: ANN401  a cell of any type
        try:
            micros = int(value) * 1_000_000 // per_second if is_whole(value) else round(float(value) * 1_000_000 / per_second)
            return (EPOCH + timedelta(microseconds=micros)).isoformat()
        except (ValueError, TypeError, OverflowError):
            raise ValueError(f"{str(value)[:60]!r} is not a time since 1970") from None

    return read


def _since(start: datetime, zero: float, per_second: int) -> Reader:
    begin = start.astimezone(UTC)

    def read(value: Any) -> str:  # noqa: ANN401  a cell of any type
        try:
            return (begin + timedelta(seconds=(float(value) - zero) / per_second)).isoformat()
        except (ValueError, TypeError, OverflowError):
            raise ValueError(f"{str(value)[:60]!r} is not a number of seconds") from None

    return read


def is_whole(value: Any) -> bool:  # noqa: ANN401  a cell of any type
    """Whether this is a whole number, also as text: those of nanoseconds are too long for a float."""
    return value.lstrip("-").isdecimal() if isinstance(value, str) else isinstance(value, int)


def unit_of_epoch(number: float) -> ValueUnit | None:
    """Return the unit in which a number is a time of our days."""
    for unit, per_second in PER_SECOND.items():
        if EARLIEST_EPOCH <= number / per_second <= LATEST_EPOCH:
            return unit
    return None
