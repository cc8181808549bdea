"""Readings in words: what three values of a column would become, before anything is stored."""

from typing import Any

from core.imports.cells import values
from core.imports.containers.paths import getter
from core.imports.mapping import FieldRule, Mapping, ValueType, ValueUnit

UNITS = {
    ValueUnit.SECONDS: "seconds",
    ValueUnit.MILLISECONDS: "milliseconds",
    ValueUnit.MICROSECONDS: "microseconds",
    ValueUnit.NANOSECONDS: "nanoseconds",
    ValueUnit.MINUTES: "minutes",
    ValueUnit.HOURS: "hours",
    ValueUnit.SECONDS_SINCE_START: "seconds since the start",
    ValueUnit.MILLISECONDS_SINCE_START: "milliseconds since the start",
    ValueUnit.SPREADSHEET_DATE: "spreadsheet dates",
    ValueUnit.ISO: "dates and times",
    ValueUnit.DAY_FIRST: "day first",
    ValueUnit.MONTH_FIRST: "month first",
    ValueUnit.DOLLARS: "US dollars",
    ValueUnit.CENTS: "US cents",
    ValueUnit.THUMBS: "thumbs",
    ValueUnit.FIVE: "1 to 5",
    ValueUnit.TEN: "1 to 10",
}
# In a sentence; the others follow "in"
IN_SENTENCES = {
    ValueUnit.SPREADSHEET_DATE: "as spreadsheet dates",
    ValueUnit.ISO: "as dates and times",
    ValueUnit.DAY_FIRST: "with the day first",
    ValueUnit.MONTH_FIRST: "with the month first",
    ValueUnit.THUMBS: "as thumbs",
    ValueUnit.FIVE: "from 1 to 5",
    ValueUnit.TEN: "from 1 to 10",
}
TOLD = (ValueType.TIME, ValueType.DURATION, ValueType.MONEY, ValueType.STATUS, ValueType.RATING)


def readings(mapping: Mapping, first: list[dict[str, Any]]) -> list[str]:
    """Return a sentence a field that has a unit or is a state."""
    return [
        _reading(name, rule, mapping, first)
        for name, rule in mapping.fields.items()
        if rule.path and rule.as_ in TOLD
    ]


def _reading(name: str, rule: FieldRule, mapping: Mapping, first: list[dict[str, Any]]) -> str:
    get, read = getter(rule.path), values.reader(name, rule, mapping)
    examples: dict[str, str] = {}
    for record in first:
        value = get(record)
        if (
            not values.is_nothing(value)
            and len(examples) < 3
            and (key := shown(value)) not in examples
        ):
            try:
                examples[key] = _result(rule, read(value))
            except ValueError as error:
                examples[key] = f"an error ({error})"
    unit = (
        f", {IN_SENTENCES.get(rule.unit, f'in {UNITS[rule.unit]}')}"
        if rule.unit
        and rule.as_ in (ValueType.TIME, ValueType.DURATION, ValueType.MONEY, ValueType.RATING)
        else ""
    )
    told = (
        "; ".join(f"{value} is {result}" for value, result in examples.items()) or "no values yet"
    )
    return f"{rule.path} is read as {name}{unit}: {told}."


def stored(name: str, rule: FieldRule, mapping: Mapping, told: list[Any]) -> list[str]:
    """Return how values of a column will be stored; of those that will be refused, that."""
    if rule.as_ not in (*TOLD, ValueType.COUNT, ValueType.NUMBER):
        return []
    read, found = values.reader(name, rule, mapping), []
    for value in told:
        try:
            found.append("" if values.is_nothing(value) else _result(rule, read(value)))
        except ValueError:
            found.append("unknown" if rule.as_ is ValueType.STATUS else "rejected")
    return [each for each in found if each]


def _result(rule: FieldRule, value: Any) -> str:  # noqa: ANN401  whatever a reader returns
    match rule.as_:
        case ValueType.TIME:
            return f"{str(value)[:19].replace('T', ' ')} UTC"
        case ValueType.DURATION:
            return f"{value:,} ms"
        case ValueType.MONEY:
            return f"{value} USD"
        case _:
            return str(value)


def shown(value: Any, longest: int = 60) -> str:  # noqa: ANN401  any JSON
    """Return a value as a person reads it."""
    return values.text(values.plain(value), longest) if value is not None else ""
