"""In what a column is written: units and currencies that its name tells, in several languages, or else its values."""

import re
from statistics import median
from typing import Any

from core.imports.cells import moments, values
from core.imports.mapping import ValueUnit
from core.imports.recognition import foreign, names
from core.imports.recognition.foreign import words

LOOKED_AT, TRIED = 50, 8  # values of a column; of which so many tell whether it may be times at all
SHARE_OF_TIMES = 0.4  # of the texts, where a column is taken for times
DURATIONS: dict[ValueUnit, frozenset[str]] = {
    ValueUnit.MILLISECONDS: frozenset(
        words(
            "ms msec msecs millis milli millisecond milliseconds millisekunde millisekunden milliseconde millisecondes "
            "milisegundo milisegundos millisecondi milissegundos milliseconden"
        )
    ),
    ValueUnit.MICROSECONDS: frozenset(
        words(
            "us usec usecs micros microsecond microseconds mikrosekunde mikrosekunden microseconde microsecondes microsegundo "
            "microsegundos microsecondi microssegundos microseconden"
        )
    ),
    ValueUnit.NANOSECONDS: frozenset(
        words("ns nsec nanos nanosecond nanoseconds nanosekunde nanosekunden nanoseconde nanosecondes nanosegundos nanosecondi")
    ),
    ValueUnit.SECONDS: frozenset(
        words(
            "s sec secs second seconds sek sekunde sekunden seconde secondes seg segs segundo segundos secondo secondi seconden"
        )
    ),
    ValueUnit.MINUTES: frozenset(words("min mins minute minutes minuten minuto minutos minuti minuut")),
    ValueUnit.HOURS: frozenset(words("h hr hrs hour hours std stunde stunden heure heures hora horas ora ore uur uren")),
}
# In writings that `names.plain` does not keep, the longer ones first.
SIGNS = {
    **{
        "毫秒": ValueUnit.MILLISECONDS,
        "微秒": ValueUnit.MICROSECONDS,
        "纳秒": ValueUnit.NANOSECONDS,
        "秒": ValueUnit.SECONDS,
        "分": ValueUnit.MINUTES,
    },
    **{"ミリ秒": ValueUnit.MILLISECONDS, "밀리초": ValueUnit.MILLISECONDS, "초": ValueUnit.SECONDS, "분": ValueUnit.MINUTES},
    **{
        "мкс": ValueUnit.MICROSECONDS,
        "мс": ValueUnit.MILLISECONDS,
        "сек": ValueUnit.SECONDS,
        "мин": ValueUnit.MINUTES,
        "час": ValueUnit.HOURS,
    },
}
LAST_ONLY = frozenset(
    ("s", "h", "min", "std", "sec", "seg", "second", "minute", "ora", "hora")
)  # else another word, as min_latency
BRACKETED = re.compile(r"[\[(/]\s*([^\])/]+?)\s*[\])]?\s*$")
LONGEST_BRACKETS = 60  # at the end of a name: a file may have names of a megabyte
FILLERS = frozenset(("in", "en", "em"))
DOLLARS = frozenset(words("usd dollar dollars us_dollar"))
OTHER_MONEY = frozenset(
    words("eur euro euros chf gbp pound pounds jpy yen cny yuan rmb inr rupee rupees brl real reais sek nok dkk pln aud cad")
)
OTHER_SIGNS = frozenset("€£¥₹₩₽")
COMMA = re.compile(r"^\s*-?(?:\d{1,3}(?:\.\d{3})+,\d+|0,\d+|\d+,(?:\d{1,2}|\d{4,}))\s*\D{0,8}$")
POINT = re.compile(r"^\s*-?(?:\d{1,3}(?:,\d{3})+\.\d+|0\.\d+|\d+\.(?:\d{1,2}|\d{4,}))\s*\D{0,8}$")


def named_duration(name: str) -> ValueUnit | None:
    """Return the unit of durations that a column's name tells: `Dauer (s)`, `latency_ms`, `durée en secondes`."""
    if (sign := next((unit for sign, unit in SIGNS.items() if sign in name.lower()), None)) is not None:
        return sign
    inner = BRACKETED.search(name[-LONGEST_BRACKETS:])
    if inner and (unit := _unit_in(names.plain(inner[1]).split("_"), is_apart=True)):
        return unit
    return _unit_in(names.plain(name).split("_"), is_apart=False)


def _unit_in(parts: list[str], *, is_apart: bool) -> ValueUnit | None:
    for place in reversed(range(len(parts))):
        if not is_apart and parts[place] in LAST_ONLY and place < len(parts) - 1:
            continue
        if (unit := next((unit for unit, known in DURATIONS.items() if parts[place] in known), None)) is not None:
            return unit
    return None


def without_unit(plain: str) -> str:
    """Return a plain name without the unit or the currency at its end."""
    parts = plain.split("_")
    every = frozenset().union(*DURATIONS.values()) | DOLLARS | OTHER_MONEY | FILLERS
    while len(parts) > 1 and parts[-1] in every:
        parts.pop()
    return "_".join(parts)


def duration(name: str, told: list[Any]) -> ValueUnit:
    """Return in what durations are written: their name says it, or else how large they are and whether they have fractions."""
    if (unit := named_duration(name)) is not None:
        return unit
    found = [abs(number) for value in told if (number := _number(value)) is not None]
    if not found:
        return ValueUnit.MILLISECONDS
    middle, has_fractions = median(found), any(not each.is_integer() for each in found)
    if middle >= 10_000_000:
        return ValueUnit.NANOSECONDS
    return ValueUnit.SECONDS if middle < (120 if has_fractions else 20) else ValueUnit.MILLISECONDS


def is_other_money(name: str, told: list[Any]) -> bool:
    """Whether prices are in another currency than US dollars."""
    parts = set(names.plain(name).split("_"))
    texts = [value for value in told if isinstance(value, str)]
    if parts & DOLLARS or "$" in name:
        return False
    return bool(parts & OTHER_MONEY or OTHER_SIGNS & set(name) or any(OTHER_SIGNS & set(text) for text in texts))


def has_decimal_comma(told: list[Any]) -> bool:
    """Whether numbers are written as `1.234,5`."""
    texts = [value for value in told if isinstance(value, str)]
    return sum(1 for each in texts if COMMA.match(each)) > sum(1 for each in texts if POINT.match(each))


# Times


def time(told: list[Any]) -> ValueUnit | None:
    """Return in what times are written; None when they are none."""
    told = told[:LOOKED_AT]
    if not told:
        return ValueUnit.ISO
    found = [number for value in told if (number := _number(value)) is not None]
    if len(found) >= len(told) * 0.8:
        return _unit_of_numbers(found)
    texts = [value for value in told if isinstance(value, str)]
    if len(texts) < len(told):
        return ValueUnit.ISO if all(hasattr(value, "isoformat") for value in told if not isinstance(value, str)) else None
    if not any(_times_read(texts[:TRIED], unit) for unit in (ValueUnit.ISO, ValueUnit.DAY_FIRST, ValueUnit.MONTH_FIRST)):
        return None
    best = max((ValueUnit.ISO, ValueUnit.DAY_FIRST, ValueUnit.MONTH_FIRST), key=lambda unit: _times_read(texts, unit))
    return best if _times_read(texts, best) >= len(texts) * SHARE_OF_TIMES else None


def is_order_open(told: list[Any], unit: ValueUnit | None) -> bool:
    """Whether dates read with the day first and with the month first alike. Between points the day is first everywhere."""
    if unit not in (ValueUnit.DAY_FIRST, ValueUnit.MONTH_FIRST):
        return False
    texts = [value for value in told[:LOOKED_AT] if isinstance(value, str)]
    by_point = all("." in text.partition(" ")[0] for text in texts)
    return not by_point and _times_read(texts, ValueUnit.DAY_FIRST) == _times_read(texts, ValueUnit.MONTH_FIRST)


def _unit_of_numbers(found: list[float]) -> ValueUnit | None:
    middle = median(found)
    if (unit := moments.unit_of_epoch(middle)) is not None:
        return unit
    return ValueUnit.SECONDS_SINCE_START if min(found) >= 0 and middle < moments.EARLIEST_EPOCH else None


def is_number(value: Any) -> bool:  # noqa: ANN401  a cell of any type
    """Whether a cell is a number, or a text of one."""
    return _number(value) is not None


def _number(value: Any) -> float | None:  # noqa: ANN401  a cell of any type
    if isinstance(value, bool):
        return None
    try:
        return values.number(value)
    except ValueError:
        return None


def _times_read(texts: list[str], unit: ValueUnit) -> int:
    return sum(1 for each in texts if moments.naive_or_aware(each, unit) is not None)


def is_zoneless(told: list[Any], unit: ValueUnit | None) -> bool:
    """Whether times are written without a zone."""
    if unit not in (ValueUnit.ISO, ValueUnit.DAY_FIRST, ValueUnit.MONTH_FIRST):
        return False
    found = [moments.naive_or_aware(value, unit) if isinstance(value, str) else value for value in told]
    return any(at is not None and getattr(at, "tzinfo", None) is None for at in found)


def is_due(name: str) -> bool:
    """Whether a name says that a time is a deadline, a birthday or the like, and not when the row was made."""
    return bool(foreign.NOT_WHEN & set(names.plain(name).split("_")))
