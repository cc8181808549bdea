"""How a column is read as a field, by what stands in it: as which type, in which unit."""

from functools import partial
from typing import Any

from core.imports.cells import states, units, values
from core.imports.fields import FIELDS
from core.imports.mapping import FieldRule, ValueType, ValueUnit
from core.imports.parsed import RowKind
from core.imports.recognition import names

MOST_STATES, LONGEST_STATE = 8, 30
YES, NO = ("true", "1", "yes"), ("false", "0", "no")


def find(field: str, path: str, found: list[Any], kind: RowKind) -> FieldRule | None:
    """Return how a column is read as a field; None when what stands in it does not fit."""
    as_ = ValueType(FIELDS[kind][field])
    told = present(found)
    match as_:
        case ValueType.TIME:
            unit = units.of_times(told)
            if unit is None or units.is_due(path):
                return None
            return FieldRule(path=path, as_=as_, unit=unit)
        case ValueType.DURATION | ValueType.COUNT | ValueType.MONEY | ValueType.NUMBER:
            return _number_rule(as_, path, told)
        case ValueType.STATUS:
            return _status_rule(path, told, kind)
        case ValueType.RATING:
            return _rating_rule(path, told)
        case ValueType.OBJECT | ValueType.OBJECTS:
            are_objects = any(isinstance(values.decoded(value), dict | list) for value in told)
            return FieldRule(path=path, as_=as_) if are_objects else None
        case ValueType.TEXT if any(isinstance(value, dict | list) for value in told):
            return None
        case _:
            return FieldRule(path=path, as_=as_)


def choose(field: str, path: str, found: list[Any], kind: RowKind) -> FieldRule:
    """Return how a column is read as the field that a person has chosen for it, whatever its name
    says.
    """
    guessed = find(field, path, found, kind)
    as_ = ValueType(FIELDS[kind][field])
    if guessed is not None:
        return guessed
    told = present(found)
    unit = {
        ValueType.TIME: units.of_times(told),
        ValueType.MONEY: ValueUnit.DOLLARS,
        ValueType.DURATION: units.of_durations(path, told),
    }.get(as_)
    return FieldRule(
        path=path,
        as_=as_,
        unit=unit,
        decimal_comma=as_ not in (ValueType.TEXT, ValueType.TEXT_OR_OBJECT)
        and units.has_decimal_comma(told),
    )


def present(cells: list[Any]) -> list[Any]:
    return [value for value in cells if not values.is_nothing(value)]


def all_read(read: Any, told: list[Any], share: float) -> bool:  # noqa: ANN401  a reader of cells
    good = 0
    for value in told:
        try:
            read(value)
            good += 1
        except (ValueError, TypeError):
            continue
    return good >= len(told) * share


def flag(path: str, *, yes: str, no: str) -> FieldRule:
    return FieldRule(
        path=path, as_=ValueType.STATUS, values=dict.fromkeys(YES, yes) | dict.fromkeys(NO, no)
    )


def _number_rule(as_: ValueType, path: str, told: list[Any]) -> FieldRule | None:
    comma, plain = units.has_decimal_comma(told), names.plain(path)
    match as_:
        case ValueType.DURATION if all_read(values.number, told, 0.5) or _suffixed(told):
            return FieldRule(
                path=path, as_=as_, unit=units.of_durations(path, told), decimal_comma=comma
            )
        case ValueType.COUNT if not names.NOT_TOKENS & set(plain.split("_")) and all_read(
            partial(values.count, comma=comma), told, 0.5
        ):
            return FieldRule(path=path, as_=as_, decimal_comma=comma)
        case ValueType.MONEY if not units.is_other_money(path, told) and all_read(
            values.money, told, 0.5
        ):
            unit = ValueUnit.CENTS if plain.endswith("cents") else ValueUnit.DOLLARS
            return FieldRule(path=path, as_=as_, unit=unit, decimal_comma=comma)
        case ValueType.NUMBER:
            return FieldRule(path=path, as_=as_, decimal_comma=comma)
        case _:
            return None


def _suffixed(told: list[Any]) -> bool:
    return any(
        isinstance(value, str) and (values.SUFFIXED.fullmatch(value) or values.CLOCK.match(value))
        for value in told
    )


def _status_rule(path: str, told: list[Any], kind: RowKind) -> FieldRule | None:
    name, is_request = names.plain(path.rpartition(".")[2]), kind is RowKind.AI_REQUESTS
    seen = {values.word_of(value) for value in told if not isinstance(value, dict | list)}
    good, bad = ("ok", "error") if is_request else ("completed", "failed")
    if name in ("is_error", "failed") and is_request:
        return flag(path, yes=bad, no=good) if seen <= {*YES, *NO} else None
    if name in ("success", "ok"):
        return flag(path, yes=good, no=bad)
    if name == "exit_code" and kind is RowKind.BATCH_RUNS:
        return FieldRule(
            path=path, as_=ValueType.STATUS, values=dict.fromkeys(sorted(seen), bad) | {"0": good}
        )
    known = states.STATES.get(kind, {})
    fits = seen <= set(known)
    if kind is RowKind.BATCH_RUNS:
        fits = True
    elif is_request:
        # A few words that are not known are asked about (unknown_values.py); many are texts.
        are_few = len(seen) <= MOST_STATES and all(0 < len(word) <= LONGEST_STATE for word in seen)
        fits = are_few or any(
            word in known or (len(word) == 3 and word.isdecimal()) for word in seen
        )
    return FieldRule(path=path, as_=ValueType.STATUS) if fits else None


def _rating_rule(path: str, told: list[Any]) -> FieldRule | None:
    words = {
        states.rating_word(values.text(value))
        for value in told
        if not isinstance(value, dict | list)
    }
    if words and words <= states.THUMBS_UP | states.THUMBS_DOWN:
        return FieldRule(path=path, as_=ValueType.RATING, unit=ValueUnit.THUMBS)
    if not all_read(values.number, told, 0.8):
        return None
    most = max(
        (values.number(value) for value in told if all_read(values.number, [value], 1)), default=0
    )
    return (
        FieldRule(
            path=path,
            as_=ValueType.RATING,
            unit=ValueUnit.TEN if 5 < most <= 10 else ValueUnit.FIVE,
        )
        if most <= 10
        else None
    )
