"""What a file leaves open, and the answers of a person: columns that may be what they seem to be,
and dates of two readings.
"""

from typing import Any

from core.imports.cells import units, unknown_values
from core.imports.errors import MappingWrong
from core.imports.mapping import FieldRule, Mapping, RecordShape, ValueType, ValueUnit
from core.imports.parsed import RowKind
from core.imports.recognition import field_rules, inference
from core.imports.recognition.result import ImportQuestion, QuestionKind, QuestionOption
from core.imports.recognition.samples import Samples

WHEN = {RowKind.BATCH_RUNS: "started_at"} | dict.fromkeys(
    (RowKind.EVENTS, RowKind.AI_REQUESTS, RowKind.FEEDBACK, RowKind.SCORES), "created_at"
)
ORDERS = {ValueUnit.DAY_FIRST: "the day first", ValueUnit.MONTH_FIRST: "the month first"}
ZONE = "Time zone of the times in this file"
PARTS = {"unit": ".unit", "values": ".values"}  # after the name of a field, in `open`


def of_event_types(mapping: Mapping, types: list[str]) -> list[ImportQuestion]:
    """Return the question whether event types are steps of onboarding under other names; nothing
    waits for the answer.
    """
    text = "Rename event types if their names differ from live events. Any type can be a step."
    return [_of_values(mapping, "event_type", text, types, default="")] if types else []


def of_values(mapping: Mapping, found: unknown_values.Unknown) -> list[ImportQuestion]:
    """Return the questions about values that no row can be stored with."""
    text = "What do these values of {} mean? Rows with unmapped values are rejected."
    return [
        _of_values(mapping, field, text.format(field), list(counted))
        for field, counted in found.items()
    ]


def _of_values(
    mapping: Mapping, field: str, text: str, found: list[str], default: str | None = None
) -> ImportQuestion:
    options = [
        QuestionOption(value=each, text=each)
        for each in unknown_values.options(field, mapping.kind)
    ]
    return ImportQuestion(
        key=QuestionKind.VALUES,
        field=field,
        text=text,
        default=default,
        options=options,
        values=found,
    )


def of_table(
    mapping: Mapping, samples: Samples, *, filled: float = inference.FILLED
) -> list[ImportQuestion]:
    """Return what is to be asked about the columns of a table."""
    if mapping.format is not RecordShape.TABLE:
        return []
    return [
        *_when(mapping, samples, filled),
        *_lengths(mapping, samples),
        *_orders(mapping, samples),
    ]


def of_kind(mapping: Mapping, samples: Samples) -> list[ImportQuestion]:
    """Return what is to be asked when a person has said what the rows are."""
    # The samples are distinct values: a time that all records share is there once
    asked = of_table(mapping, samples, filled=0)
    times = [
        samples[rule.path]
        for rule in mapping.fields.values()
        if rule.as_ is ValueType.TIME and rule.path in samples
    ]
    if has_zoneless_option(asked, samples) or any(
        units.is_zoneless(cells, units.of_times(cells)) for cells in times
    ):
        asked.append(
            ImportQuestion(key=QuestionKind.ZONE, text=ZONE, default=mapping.zone or "UTC")
        )
    return asked


def has_zoneless_option(asked: list[ImportQuestion], samples: Samples) -> bool:
    """Whether a column that may be the time of the rows holds times without a zone."""
    options = (
        option.value for each in asked if each.key is QuestionKind.COLUMN for option in each.options
    )
    return any(
        units.is_zoneless(samples[path], units.of_times(samples[path]))
        for path in options
        if path in samples
    )


def names_open(asked: list[ImportQuestion]) -> list[str]:
    """Return what a mapping is open about while these questions wait."""
    return [each.field + PARTS.get(each.key, "") for each in asked if each.default is None]


def _when(mapping: Mapping, samples: Samples, filled: float) -> list[ImportQuestion]:
    field = WHEN.get(mapping.kind)
    if field is None or field in mapping.fields:
        return []
    found = inference.time_columns(samples, _taken(mapping), filled=filled)
    if not found:
        return []
    options = [
        QuestionOption(value=path, text=f"{path} ({_first(samples[path])})") for path in found
    ]
    none = QuestionOption(value="", text="None of these")
    text = "Which column is the time of the row?"
    return [
        ImportQuestion(key=QuestionKind.COLUMN, field=field, text=text, options=[*options, none])
    ]


def _lengths(mapping: Mapping, samples: Samples) -> list[ImportQuestion]:
    if mapping.kind is not RowKind.AI_REQUESTS:
        return []
    found = inference.length_columns(samples, _taken(mapping))
    keep = QuestionOption(value="", text="No, keep it as extra data")
    return [
        ImportQuestion(
            key=QuestionKind.COLUMN,
            field=field,
            text=f"Does “{path}” count tokens? Lengths can also be in characters.",
            options=[QuestionOption(value=path, text=f"Yes, {field.replace('_', ' ')}"), keep],
        )
        for field, path in found.items()
        if field not in mapping.fields
    ]


def _orders(mapping: Mapping, samples: Samples) -> list[ImportQuestion]:
    return [
        ImportQuestion(
            key=QuestionKind.UNIT,
            field=name,
            text=(
                f"Dates in “{rule.path}” are ambiguous, such as {_first(samples[rule.path])}. "
                "Which comes first?"
            ),
            options=[QuestionOption(value=unit, text=words) for unit, words in ORDERS.items()],
        )
        for name, rule in mapping.fields.items()
        if rule.path in samples and units.is_order_open(samples[rule.path], rule.unit)
    ]


def _taken(mapping: Mapping) -> set[str]:
    return {rule.path for rule in mapping.fields.values() if rule.path}


def _first(found: list[Any]) -> str:
    return str(next((value for value in found if value not in (None, "")), ""))[:40]


# Answers


def answered(
    mapping: dict[str, Any],
    samples: Samples,
    *,
    columns: dict[str, str],
    units: dict[str, ValueUnit],
    values: dict[str, dict[str, str]],
) -> dict[str, Any]:
    """Return a mapping with answers by field: a column (empty: none), a unit, what values mean.
    Raise MappingWrong.
    """
    kind, fields = RowKind(mapping["kind"]), dict(mapping.get("fields", {}))
    for field, path in columns.items():
        if path and path not in samples:
            raise MappingWrong(f"columns: the file has no column “{path[:60]}”.")
        if path:
            fields[field] = _rule(field, path, samples, kind).model_dump(mode="json", by_alias=True)
    for field, unit in units.items():
        if field not in fields:
            raise MappingWrong(f"units: nothing is mapped to {field[:60]}.")
        fields[field] = {**fields[field], "unit": unit}
    done = {
        *columns,
        *(field + PARTS["unit"] for field in units),
        *(field + PARTS["values"] for field in values),
    }
    left = [name for name in mapping.get("open", []) if name not in done]
    return unknown_values.with_meanings(mapping | {"fields": fields, "open": left}, values)


def _rule(field: str, path: str, samples: Samples, kind: RowKind) -> FieldRule:
    try:
        return field_rules.choose(field, path, samples[path], kind)
    except KeyError:
        raise MappingWrong(f"columns: {kind} have no field {field[:60]!r}.") from None
