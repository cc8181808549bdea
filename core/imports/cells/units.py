"""In what a column is written: units and currencies that its name tells, in several languages, or
else its values.
"""

import re
from statistics import median
from typing import Any

from core.imports.cells import timestamps, values
from core.imports.fields import words
from core.imports.mapping import ValueUnit
from core.imports.recognition import names

LOOKED_AT, TRIED = 50, 8  # values of a column; of which so many tell whether it may be times at all
SHARE_OF_TIMES = 0.4  # of the texts, where a column is taken for times
MS, US, NS = ValueUnit.MILLISECONDS, ValueUnit.MICROSECONDS, ValueUnit.NANOSECONDS
S, MIN, H = ValueUnit.SECONDS, ValueUnit.MINUTES, ValueUnit.HOURS
DURATIONS: dict[ValueUnit, str] = {
    MS: (
        "ms msec msecs millis milli millisecond milliseconds millisekunde millisekunden "
        "milliseconde millisecondes milisegundo milisegundos millisecondi milissegundos "
        "milliseconden"
    ),
    US: (
        "us usec usecs micros microsecond microseconds mikrosekunde mikrosekunden microseconde "
        "microsecondes microsegundo microsegundos microsecondi microssegundos microseconden"
    ),
    NS: (
        "ns nsec nanos nanosecond nanoseconds nanosekunde nanosekunden nanoseconde nanosecondes "
        "nanosegundos nanosecondi"
    ),
    S: (
        "s sec secs second seconds sek sekunde sekunden seconde secondes seg segs segundo "
        "segundos secondo secondi seconden"
    ),
    MIN: "min mins minute minutes minuten minuto minutos minuti minuut",
    H: "h hr hrs hour hours std stunde stunden heure heures hora horas ora ore uur uren",
}
UNIT_OF = {word: unit for unit, text in DURATIONS.items() for word in words(text)}
# In writings that `names.plain` does not keep, the longer ones first.
SIGNS = {
    **{
        "毫秒": MS,
        "ミリ秒": MS,
        "微秒": US,
        "纳秒": NS,
        "秒": S,
        "分": MIN,
        "밀리초": MS,
        "초": S,
        "분": MIN,
    },
    **{"мкс": US, "мс": MS, "сек": S, "мин": MIN, "час": H},
}
# Else another word, as min_latency
LAST_ONLY = frozenset(words("s h min std sec seg second minute ora hora"))
BRACKETED = re.compile(r"[\[(/]\s*([^\])/]+?)\s*[\])]?\s*$")
LONGEST_BRACKETS = 60  # at the end of a name: a file may have names of a megabyte
DOLLARS = frozenset(words("usd dollar dollars us_dollar"))
OTHER_MONEY = frozenset(
    words(
        "eur euro euros chf gbp pound pounds jpy yen cny yuan rmb inr rupee rupees brl real "
        "reais sek nok dkk pln aud cad"
    )
)
OTHER_SIGNS = frozenset("€£¥₹₩₽")
AT_THE_END = UNIT_OF.keys() | DOLLARS | OTHER_MONEY | {"in", "en", "em"}  # of a name
COMMA = re.compile(r"^\s*-?(?:\d{1,3}(?:\.\d{3})+,\d+|0,\d+|\d+,(?:\d{1,2}|\d{4,}))\s*\D{0,8}$")
POINT = re.compile(r"^\s*-?(?:\d{1,3}(?:,\d{3})+\.\d+|0\.\d+|\d+\.(?:\d{1,2}|\d{4,}))\s*\D{0,8}$")


def named_duration(name: str) -> ValueUnit | None:
    """Return the unit of durations that a column's name tells: `Dauer (s)`, `latency_ms`, `durée en
    secondes`.
    """
    for sign, signed in SIGNS.items():
        if sign in name.lower():
            return signed
    inner = BRACKETED.search(name[-LONGEST_BRACKETS:])
    if inner and (unit := _unit_in(names.plain(inner[1]).split("_"), is_apart=True)):
        return unit
    return _unit_in(names.plain(name).split("_"), is_apart=False)


def _unit_in(parts: list[str], *, is_apart: bool) -> ValueUnit | None:
    last = len(parts) - 1
    allowed = (
        part
        for place, part in enumerate(parts)
        if is_apart or place == last or part not in LAST_ONLY
    )
    return next((UNIT_OF[part] for part in reversed(list(allowed)) if part in UNIT_OF), None)


def without_unit(plain: str) -> str:
    """Return a plain name without the unit or the currency at its end."""
    parts = plain.split("_")
    while len(parts) > 1 and parts[-1] in AT_THE_END:
        parts.pop()
    return "_".join(parts)


def of_durations(name: str, told: list[Any]) -> ValueUnit:
    """Return in what durations are written: their name says it, or else how large they are and
    whether they have fractions.
    """
    if (unit := named_duration(name)) is not None:
        return unit
    found = [abs(number) for value in told if (number := number_of(value)) is not None]
    if not found:
        return ValueUnit.MILLISECONDS
    middle, has_fractions = median(found), any(not each.is_integer() for each in found)
    # As milliseconds, most calls would take hours, or below next to no time
    if middle >= 10_000_000:
        return ValueUnit.NANOSECONDS
    return ValueUnit.SECONDS if middle < (120 if has_fractions else 20) else ValueUnit.MILLISECONDS


def is_other_money(name: str, told: list[Any]) -> bool:
    """Whether prices are in another currency than US dollars."""
    parts = set(names.plain(name).split("_"))
    texts = [value for value in told if isinstance(value, str)]
    if parts & DOLLARS or "$" in name:
        return False
    return bool(
        parts & OTHER_MONEY
        or OTHER_SIGNS & set(name)
        or any(OTHER_SIGNS & set(text) for text in texts)
    )


def has_decimal_comma(told: list[Any]) -> bool:
    texts = [value for value in told if isinstance(value, str)]
    return sum(1 for each in texts if COMMA.match(each)) > sum(
        1 for each in texts if POINT.match(each)
    )


# Times


def of_times(told: list[Any]) -> ValueUnit | None:
    """Return in what times are written; None when they are none."""
    told = told[:LOOKED_AT]
    if not told:
        return ValueUnit.ISO
    found = [number for value in told if (number := number_of(value)) is not None]
    if len(found) >= len(told) * 0.8:
        middle = median(found)
        if all(map(timestamps.is_spreadsheet_date, found)):
            return ValueUnit.SPREADSHEET_DATE
        counts_from_start = min(found) >= 0 and middle < timestamps.EARLIEST_EPOCH
        return timestamps.unit_of_epoch(middle) or (
            ValueUnit.SECONDS_SINCE_START if counts_from_start else None
        )
    texts = [value for value in told if isinstance(value, str)]
    if len(texts) < len(told):
        return (
            ValueUnit.ISO
            if all(hasattr(value, "isoformat") for value in told if not isinstance(value, str))
            else None
        )
    if not any(
        _times_read(texts[:TRIED], unit)
        for unit in (ValueUnit.ISO, ValueUnit.DAY_FIRST, ValueUnit.MONTH_FIRST)
    ):
        return None
    best = max(
        (ValueUnit.ISO, ValueUnit.DAY_FIRST, ValueUnit.MONTH_FIRST),
        key=lambda unit: _times_read(texts, unit),
    )
    return best if _times_read(texts, best) >= len(texts) * SHARE_OF_TIMES else None


def is_order_open(told: list[Any], unit: ValueUnit | None) -> bool:
    """Whether dates read with the day first and with the month first alike. Between points the day
    is first everywhere.
    """
    if unit not in (ValueUnit.DAY_FIRST, ValueUnit.MONTH_FIRST):
        return False
    texts = [value for value in told[:LOOKED_AT] if isinstance(value, str)]
    by_point = all("." in text.partition(" ")[0] for text in texts)
    return not by_point and _times_read(texts, ValueUnit.DAY_FIRST) == _times_read(
        texts, ValueUnit.MONTH_FIRST
    )


def number_of(value: Any) -> float | None:  # noqa: ANN401  a cell of any type
    """Return the number in a cell; None for what is not one."""
    if isinstance(value, bool):
        return None
    try:
        return values.number(value)
    except ValueError:
        return None


def _times_read(texts: list[str], unit: ValueUnit) -> int:
    return sum(1 for each in texts if timestamps.parse_time(each, unit) is not None)


def is_zoneless(told: list[Any], unit: ValueUnit | None) -> bool:
    """Whether times are written without a zone."""
    if unit is ValueUnit.SPREADSHEET_DATE:
        return True
    if unit not in (ValueUnit.ISO, ValueUnit.DAY_FIRST, ValueUnit.MONTH_FIRST):
        return False
    found = [
        timestamps.parse_time(value, unit) if isinstance(value, str) else value for value in told
    ]
    return any(at is not None and getattr(at, "tzinfo", None) is None for at in found)


def is_due(name: str) -> bool:
    """Whether a name says that a time is a deadline, a birthday or the like, and not when the row
    was made.
    """
    return bool(names.NOT_WHEN & set(names.plain(name).split("_")))
