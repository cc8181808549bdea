"""Times as files write them: ISO with any offset or none, epochs in four units, seconds since some
start, days of a spreadsheet, and older formats.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache, lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from core.imports.cells.decimal_marks import decimal
from core.imports.mapping import SINCE_START, ValueUnit
from core.platform.clock import EPOCH, MICROSECOND

PER_SECOND = {
    ValueUnit.SECONDS: 1,
    ValueUnit.MILLISECONDS: 1_000,
    ValueUnit.MICROSECONDS: 1_000_000,
    ValueUnit.NANOSECONDS: 1_000_000_000,
}
# Seconds from 1990 to 2100: what lies there, in one of the units, is taken for an epoch.
EARLIEST_EPOCH, LATEST_EPOCH = 631_152_000, 4_102_444_800
# Excel and others store a time as days since then, which are 36,526 in 2000 and 73,050 in 2099
SPREADSHEET_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  in the zone of the file
EARLIEST_DATE, LATEST_DATE = 36_526, 73_050
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
# Of the time alone, ISO has eight digits
PLAUSIBLE = re.compile(r"\d{8}|\d\D+\d+\D+\d|^\d+-W?\d+$")
DIRECTIVE, WORDLIKE = re.compile(r"%[a-zA-Z]"), re.compile(r"\w|(?<=\s)\s+")
Reader = Callable[[Any], str]


def reader(unit: ValueUnit, *, zone: str | None, start: datetime | None, zero: float) -> Reader:
    """Return what reads a time as ISO 8601 in UTC, or raises ValueError with the value in its
    words.
    """
    begin, per_second = start or EPOCH, PER_SECOND.get(unit, 1)
    if unit in SINCE_START:
        per_second = 1000 if unit is ValueUnit.MILLISECONDS_SINCE_START else 1
        return _reader(
            lambda value: (
                begin + timedelta(seconds=(_number(value) - zero) / per_second)
            ).astimezone(UTC),
            "a number of seconds",
        )
    if unit in PER_SECOND:
        return _reader(
            lambda value: EPOCH + _microseconds(value, per_second) * MICROSECOND,
            "a time since 1970",
        )
    is_date = unit is ValueUnit.SPREADSHEET_DATE
    parse = _of_spreadsheet if is_date else partial(_of_text, formats=_formats(unit))
    return _written(ZoneInfo(zone) if zone else None, parse)


def _reader(convert: Callable[[Any], datetime], what: str) -> Reader:
    def read(value: Any) -> str:  # noqa: ANN401  a cell of any type
        try:
            return convert(value).isoformat()
        except (ValueError, TypeError, OverflowError):
            raise ValueError(f"“{str(value)[:60]}” is not {what}") from None

    return read


def _microseconds(value: Any, per_second: int) -> int:  # noqa: ANN401  a cell of any type
    # Nanoseconds are too long for a float.
    if value.lstrip("-").isdecimal() if isinstance(value, str) else isinstance(value, int):
        return int(value) * 1_000_000 // per_second
    return round(_number(value) * 1_000_000 / per_second)


def _number(value: Any) -> float:  # noqa: ANN401  a cell of any type
    return float(decimal(value) if isinstance(value, str) else value)


def _of_spreadsheet(value: Any) -> datetime | None:  # noqa: ANN401  a cell of any type
    try:
        days = _number(value)
    except (ValueError, TypeError):
        return None
    if not is_spreadsheet_date(days):
        return None
    # A fraction of a day is not exact: 12:00:00 may be a microsecond early
    return SPREADSHEET_EPOCH + timedelta(milliseconds=round(days * 86_400_000))


def is_spreadsheet_date(number: float) -> bool:
    """Whether a number is a day of our century in a spreadsheet."""
    return EARLIEST_DATE <= number <= LATEST_DATE


@lru_cache(maxsize=20_000)
def parse_time(text: str, unit: ValueUnit) -> datetime | None:
    """Return what a text says, or None when it is no time."""
    # Each way of writing a time costs a try: what is plainly none is not tried.
    return (
        _parsed(text, _formats(unit)) if len(text) <= LONGEST and PLAUSIBLE.search(text) else None
    )


@lru_cache(maxsize=1_000)
def _separators(text: str) -> str:
    """Return what stands between the words and the numbers of a time."""
    return WORDLIKE.sub("", text)


@cache
def _formats(unit: ValueUnit) -> tuple[str, ...]:
    days = {ValueUnit.DAY_FIRST: DAY_FIRST, ValueUnit.MONTH_FIRST: MONTH_FIRST}.get(unit, ())
    return tuple(day + clock for day in days for clock in CLOCKS) + OTHER


def _of_text(value: Any, formats: tuple[str, ...]) -> datetime | None:  # noqa: ANN401  a cell
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value)
    except (ValueError, TypeError):
        return _parsed(str(value), formats)


def _written(zone: ZoneInfo | None, parse: Callable[[Any], datetime | None]) -> Reader:
    def read(value: Any) -> str:  # noqa: ANN401  a cell of any type
        at = parse(value)
        if at is None:
            raise ValueError(f"“{str(value)[:60]}” is not a time")
        if at.tzinfo is None:
            if zone is None:
                raise ValueError(f"“{str(value)[:60]}” {NO_ZONE}")
            at = at.replace(tzinfo=zone)
        try:
            return iso(at)
        except OverflowError:  # a zone moves 9999-12-31, which often means “never”, past the end
            raise ValueError(f"“{str(value)[:60]}” is not a time") from None

    return read


def iso(at: datetime) -> str:
    """Return a time as ISO 8601 in UTC."""
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat()


def _parsed(text: str, formats: tuple[str, ...]) -> datetime | None:
    plain = text.strip()
    if len(plain) > LONGEST_READ:
        return None
    try:
        return datetime.fromisoformat(plain)
    except ValueError:
        pass
    named = ZONE_WORDS.search(plain)
    if named is not None and plain:
        found = _parsed(plain[: named.start()], formats) if named.start() else None
        if found is not None:
            return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    separators = _separators(plain)
    for form in formats:
        # Python compiles a way of writing anew for most tries: those are left out that have other
        # separators between their parts.
        if "%z" not in form and _separators(DIRECTIVE.sub("", form)) != separators:
            continue
        try:
            return datetime.strptime(plain, form)  # noqa: DTZ007  the zone comes after
        except ValueError:
            continue
    try:
        return parsedate_to_datetime(plain)
    except (ValueError, TypeError, IndexError, OverflowError):  # OverflowError: a year of 11 digits
        return None


def unit_of_epoch(number: float) -> ValueUnit | None:
    """Return the unit in which a number is a time of our days."""
    units = (
        unit
        for unit, per_second in PER_SECOND.items()
        if EARLIEST_EPOCH <= number / per_second <= LATEST_EPOCH
    )
    return next(units, None)
