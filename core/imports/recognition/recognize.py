"""Recognise a file by its content: its container, the shape of its records, a mapping, and what
only a person can answer.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from core.imports.cells import previews, units, unknown_values
from core.imports.containers import files, records
from core.imports.containers.files import Opened
from core.imports.containers.paths import leaves
from core.imports.formats import turns
from core.imports.mapping import (
    SINCE_START,
    FieldRule,
    Mapping,
    RecordShape,
    ValueType,
    ValueUnit,
)
from core.imports.parsed import RowKind
from core.imports.recognition import (
    first_records,
    inference,
    questions,
    shapes,
)
from core.imports.recognition.result import (
    Assumptions,
    ImportQuestion,
    QuestionKind,
    Recognition,
    SampledColumn,
)
from core.imports.recognition.samples import FileSample, values_at, values_by_path
from core.imports.schemas import ReadAs
from core.ingest.rows import EARLIEST

MOST_COLUMNS_SHOWN = 3_000
MOST_SCANNED = 2_000_000  # records, for the largest of their times
UNTIMED = (
    RecordShape.DIALOGUES,
    RecordShape.TURNS,
    RecordShape.EXCHANGES,
    RecordShape.ARTICLES,
    RecordShape.BENCHMARK,
    RecordShape.PREFERENCES,
    RecordShape.ANNOTATORS,
)
UNTIMED_KINDS = (RowKind.AI_REQUESTS, RowKind.FEEDBACK, RowKind.EVENTS, RowKind.SCORES)
WRITTEN_IN_UTC = (
    RecordShape.PHOENIX,
    RecordShape.LANGFUSE_OBSERVATIONS,
    RecordShape.LANGFUSE_TRACES,
    RecordShape.LANGFUSE_SCORES,
    RecordShape.LABEL_STUDIO,
)


def recognize(
    path: Path, *, assumed: Assumptions | None = None, read_as: ReadAs | None = None
) -> Recognition:
    """Return what a file is, or what it is when read as a person says; raise FileUnreadable."""
    opened, read_as = files.inspect(path), read_as or ReadAs()
    sample = first_records.sample_of(path, opened, read_as)
    if isinstance(sample, Recognition):
        return sample.model_copy(update={"notes": opened.notes})
    found = shapes.shape_of(sample, read_as.format)
    notes = opened.notes if found.not_yet else [*opened.notes, *sample.notes, *found.notes]
    found = found.model_copy(update={"columns": _columns(sample), "notes": notes})
    return (
        found
        if found.mapping is None
        else _with_questions(found, found.mapping, path, opened, sample, assumed or Assumptions())
    )


def _columns(sample: FileSample) -> list[SampledColumn]:
    found: dict[str, list[str]] = {name: [] for name in sample.columns}
    for record in sample.first[: first_records.LOOKED_AT]:
        for path, value in leaves(record).items():
            cells = found.setdefault(path, [])
            if (
                len(cells) < 3
                and (shown := previews.shown(value, first_records.SHORT)) not in cells
            ):
                cells.append(shown)
    return [
        SampledColumn(path=path, samples=cells)
        for path, cells in list(found.items())[:MOST_COLUMNS_SHOWN]
    ]


def _with_questions(
    found: Recognition,
    mapping: Mapping,
    path: Path,
    opened: Opened,
    sample: FileSample,
    assumed: Assumptions,
) -> Recognition:
    samples = values_by_path(sample.first, sample.columns)
    asked = [
        *questions.of_table(mapping, samples),
        *questions.of_values(mapping, unknown_values.unknown(mapping, sample.first)),
    ]
    answers: dict[str, Any] = {"open": questions.names_open(asked)}
    asked += questions.of_event_types(mapping, unknown_values.event_types(mapping, sample.first))
    if _needs_zone(mapping, sample) or questions.has_zoneless_option(asked, samples):
        answers["zone"] = assumed.zone
        asked.append(
            ImportQuestion(key=QuestionKind.ZONE, text=questions.ZONE, default=assumed.zone)
        )
    if (start := _start(path, opened, mapping.model_copy(update=answers), assumed)) is not None:
        text, default = start
        answers |= default
        asked.append(
            ImportQuestion(key=QuestionKind.START, text=text, default=default["start"].isoformat())
        )
    if (
        mapping.kind is RowKind.AI_REQUESTS
        and mapping.format is RecordShape.TABLE
        and "model" not in mapping.fields
    ):
        answers["model"] = "unknown"
        asked.append(
            ImportQuestion(key=QuestionKind.MODEL, text="Model for all rows", default="unknown")
        )
    mapping = mapping.model_copy(update=answers)
    return found.model_copy(
        update={
            "mapping": mapping,
            "questions": asked,
            "readings": previews.readings(mapping, sample.first),
        }
    )


def _needs_zone(mapping: Mapping, sample: FileSample) -> bool:
    if mapping.format in WRITTEN_IN_UTC:
        return False
    rules = [
        (rule, sample.first)
        for rule in mapping.fields.values()
        if rule.path and rule.as_ is ValueType.TIME
    ]
    if mapping.turns is not None and mapping.turns.at is not None:
        rules += [
            (mapping.turns.at, turns.of_record(record, mapping.turns))
            for record in sample.first[:20]
        ]
    return any(units.is_zoneless(values_at(found, rule.path), rule.unit) for rule, found in rules)


def _start(
    path: Path, opened: Opened, mapping: Mapping, assumed: Assumptions
) -> tuple[str, dict[str, Any]] | None:
    """Return what to ask where a file has no times or only those since some start, and what holds
    until it is answered.
    """
    came = assumed.came.replace(second=0, microsecond=0)
    rule = next((rule for rule in mapping.fields.values() if rule.unit in SINCE_START), None)
    if rule is not None:
        low, high = _extent(path, opened, mapping, rule)
        # Times that begin after more than a day count from something else than the file's start
        zero = low if low > 86_400 else 0.0
        seconds = (high - zero) / (1000 if rule.unit is ValueUnit.MILLISECONDS_SINCE_START else 1)
        # One wrong value may be any number: no row lies before the first time that ingest takes
        longest = (came - EARLIEST).total_seconds()
        lasted = timedelta(seconds=max(0.0, min(seconds, longest)))
        first = "the first record" if zero else "the time 0"
        start = assumed.start or came - lasted - timedelta(minutes=1)
        return f"Times count seconds from a start. When was {first}?", {
            "start": start,
            "zero": zero,
        }
    if "created_at" in (*mapping.fields, *mapping.open) or (
        mapping.turns is not None and mapping.turns.at is not None
    ):
        return None
    default = {"start": assumed.start or came - timedelta(days=1)}
    if mapping.format in UNTIMED:
        return "This file has no times. Start time of the data", default
    if mapping.format is RecordShape.TABLE and mapping.kind in UNTIMED_KINDS:
        return "No time column found. Start time of the data", default
    return None


def _extent(path: Path, opened: Opened, mapping: Mapping, rule: FieldRule) -> tuple[float, float]:
    low, high = float("inf"), float("-inf")
    for position, _, record, wrong in records.objects(path, opened, mapping):
        for value in values_at([record], rule.path) if wrong is None else ():
            if (number := units.number_of(value)) is not None:
                low, high = min(low, number), max(high, number)
        if position >= MOST_SCANNED:
            high = max(high, low + 400 * 86_400.0)  # what is left is taken to be longer
            break
    return (low, high) if low <= high else (0.0, 0.0)


def records_of(path: Path, mapping: Mapping) -> Iterator[Any]:
    """Yield the records of a file that can be read, as objects."""
    return (
        record
        for _, _, record, wrong in records.objects(path, files.inspect(path), mapping)
        if wrong is None
    )


def guessed_fields(recognition: Recognition, kind: RowKind) -> dict[str, FieldRule]:
    """Return the fields of another kind than the recognized one, as the columns' names and values
    suggest them.
    """
    return inference.fields_of(recognition.samples, kind)


def readings(path: Path, mapping: Mapping) -> list[str]:
    """Return how three values of each time, duration, price and state are read by a mapping, in
    words.
    """
    return previews.readings(mapping, records.first(path, files.inspect(path), mapping, 20))
