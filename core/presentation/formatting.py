"""Format figures in words: one unit each, and never a 0 where nothing was measured."""

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from core.platform import clock

NOTHING = "n/a"
NONE = "(none)"  # what a filter has for what has no name, where nothing is no filter
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


class FigureUnit(StrEnum):
    """The unit of a figure; durations are milliseconds, shares fractions."""

    COUNT = "count"
    DURATION = "duration"
    MONEY = "money"
    SHARE = "share"
    SCORE = "score"


def figure(value: float | Decimal | None, unit: FigureUnit) -> str:
    """Return a figure with its unit."""
    if value is None:
        return NOTHING
    if unit is FigureUnit.DURATION:
        return duration(round(value))
    if unit is FigureUnit.MONEY:
        return money(Decimal(value))
    if unit is FigureUnit.SCORE:
        return f"{value:,.3g}"
    return share(float(value)) if unit is FigureUnit.SHARE else number(float(value))


def number(value: float) -> str:
    """Return a count: 8,412, and from ten million on 72.8M."""
    for size, letter in ((1e9, "B"), (1e6, "M")):
        if abs(value) >= max(size, 1e7):
            return f"{value / size:,.1f}{letter}"
    return f"{value:,.0f}"


def stored_value(value: str) -> str:
    """Return a filter's value as rows have it: empty for NONE."""
    return "" if value == NONE else value


def duration(ms: int | None) -> str:
    """Return milliseconds in one unit: 840 ms, 2.4 s, 6.4 min, 19 h, 12 days."""
    if ms is None:
        return NOTHING
    if ms < 1000:
        return f"{ms} ms"
    if ms < 90_000:
        return f"{ms / 1000:.1f} s"
    if ms < 90 * MINUTE_MS:
        return f"{ms / MINUTE_MS:.1f} min"
    return f"{ms / HOUR_MS:.0f} h" if ms < 72 * HOUR_MS else f"{ms / DAY_MS:.0f} days"


def money(usd: Decimal | None) -> str:
    """Return US dollars: $1,412.50, $0.0083 below ten cents, $0.000023 of what rounds to nothing;
    no price is not zero.
    """
    if usd is None:
        return "no price"
    if usd == 0:
        return "$0"
    if abs(usd) < Decimal("0.0001"):
        return f"${round(usd, 1 - usd.adjusted()).normalize():f}"
    return f"${usd:,.4f}" if usd < Decimal("0.1") else f"${usd:,.2f}"


def price(usd: Decimal) -> str:
    """Return a price with all its decimals, two at least: $1,412.50, $0.075."""
    dollars, _, decimals = f"{usd:,f}".partition(".")
    return f"${dollars}.{decimals.rstrip('0'):0<2}"


def cost(usd: Decimal | None, unpriced_requests: int | None) -> str:
    """Return a sum of costs: $0.42, $0.42 + 2 unpriced; "unpriced" when no cost is known."""
    if usd is None:
        return "unpriced"
    return f"{money(usd)} + {unpriced_requests:,} unpriced" if unpriced_requests else money(usd)


def share(fraction: float | None) -> str:
    """Return a fraction as a percentage: 81.4%, 0.86% below one."""
    if fraction is None:
        return NOTHING
    percent = fraction * 100
    return f"{percent:.2f}%" if 0 < abs(percent) < 1 else f"{percent:.1f}%"


def share_with_interval(fraction: float, low: float, high: float) -> str:
    """Return a fraction and its bounds as percentages: 62.0% (58.1 to 65.8)."""
    return f"{share(fraction)} ({low * 100:.1f} to {high * 100:.1f})"


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: 1 message, 8,412 messages."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def folded(text: str) -> str:
    """Return a text for comparison: any white space is one space, and case does not matter."""
    return " ".join(text.casefold().split())


def latest(number: int, one: str) -> str:
    """Return how many of a list are shown: last 13 runs, 1 run."""
    return count(number, one) if number == 1 else f"last {count(number, one)}"


def event(name: str) -> str:
    """Return a type of event, or several joined by `|`, without categories:
    onboarding.login_success is login success.
    """
    return " | ".join(each.rpartition(".")[2].replace("_", " ") for each in name.split("|"))


def days(first: date, last: date) -> str:
    """Return days in words: 1 Oct to 7 Oct; with the year unless all are of this one."""
    shown = _day_format(first, last)
    return f"{first:{shown}}" if first == last else f"{first:{shown}} to {last:{shown}}"


def _day_format(first: date, last: date) -> str:
    return "%-d %b" if first.year == last.year == clock.now().year else "%-d %b %Y"


def moment_in_utc(at: datetime) -> str:
    """Return a time with its year: 18 Nov 2026 09:00 UTC."""
    return f"{at.astimezone(UTC):%-d %b %Y %H:%M} UTC"


def moment(at: datetime, zone: str) -> str:
    """Return a time in a zone: 18 Nov 09:00."""
    return f"{at.astimezone(ZoneInfo(zone)):%-d %b} {time_of_day(at, zone)}"


def time_of_day(at: datetime, zone: str) -> str:
    """Return a time of day: 09:00, or 02:00 UTC+01:00 in an hour that clocks show twice."""
    local = at.astimezone(ZoneInfo(zone))
    offsets = {local.replace(fold=fold).utcoffset() for fold in (0, 1)}
    return f"{local:%H:%M}" if len(offsets) == 1 else f"{local:%H:%M UTC}{local.isoformat()[-6:]}"


def stretch(start: datetime, end: datetime, zone: str) -> str:
    """Return a range of time: 18 Nov 09:00 to 12:30, or 18 Nov 22:00 to 19 Nov 02:00; with the year
    unless all is of this one.
    """
    first, last = (at.astimezone(ZoneInfo(zone)) for at in (start, end))
    shown = _day_format(first, last)
    until = time_of_day(end, zone)
    if first.date() != last.date():
        until = f"{last:{shown}} {until}"
    return f"{first:{shown}} {time_of_day(start, zone)} to {until}"


def plain(value: object) -> str:
    """Return a value that a program sent as text; a list as its items with commas."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def shortened(said: str, most: int) -> str:
    """Return words of at most so many characters."""
    return said if len(said) <= most else f"{said[: most - 1]}…"
