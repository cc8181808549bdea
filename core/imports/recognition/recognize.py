"""Recognise a file by its content: its container, the shape of its records, a mapping, and what
only a person can answer.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from core.imports.cells import previews, units, unknown_values
from core.imports.containers import files, json_files, records, tables
from core.imports.containers.files import FileUnreadable, Opened
from core.imports.containers.paths import leaves
from core.imports.formats import turns
from core.imports.mapping import (
    SINCE_START,
    Container,
    FieldRule,
    Mapping,
    RecordShape,
    ValueType,
    ValueUnit,
)
from core.imports.parsed import RowKind
from core.imports.recognition import inference, json_layout, questions, shapes, unsupported
from core.imports.recognition.result import (
    Assumptions,
    ImportQuestion,
    QuestionKind,
    Recognition,
    SampledColumn,
)
from core.imports.recognition.samples import FileSample, values_at, values_by_path
from core.imports.schemas import ReadAs

LOOKED_AT = 200  # records
MOST_COLUMNS_SHOWN = 3_000
SHORT = 120  # characters of a cell that is shown
MOST_SCANNED = 2_000_000  # records, for the largest of their times
WHAT_TO_DO = (
    "Upload CSV or TSV with column names in the first row, JSON (a list of objects), JSONL (one "
    "object per line) or Parquet."
)
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
    sample = _sample(path, opened, read_as)
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


# The first records


def _sample(path: Path, opened: Opened, read_as: ReadAs) -> FileSample | Recognition:
    """Return the first records of a file, and how it holds them; or that it is text that cannot be
    imported.
    """
    text, container = opened.sample.lstrip("\ufeff"), read_as.container
    if container is not None and opened.is_parquet is not (container is Container.PARQUET):
        raise FileUnreadable("Parquet files can only be read as Parquet, and other files cannot.")
    if opened.is_parquet:
        columns, count = records.parquet_columns(path)
        if not count:
            raise FileUnreadable("The Parquet file has no rows.")
        return _with_first(path, opened, FileSample(Container.PARQUET, columns=columns))
    if container is Container.JSONL:
        return _with_first(path, opened, FileSample(Container.JSONL))
    if container is Container.JSON or (container is None and text.lstrip()[:1] in ("{", "[")):
        return _json(path, opened, text)
    # A table first: its cells may hold Markdown or YAML of many lines.
    may_be_prose = container is None and not tables.is_quoted(text, is_whole=opened.is_whole)
    if may_be_prose and (prose := unsupported.prose(text)) is not None:
        return prose
    return _table(path, opened, text, read_as)


def _json(path: Path, opened: Opened, text: str) -> FileSample:
    if text.lstrip()[:1] == "{" and json_files.is_lines(text, is_whole=opened.is_whole):
        return _with_first(path, opened, FileSample(Container.JSONL))
    tree, is_complete, wrong = json_files.beginning(text, is_whole=opened.is_whole)
    if wrong is not None and (
        not tree or (isinstance(tree, list) and not isinstance(tree[0], dict | list))
    ):
        if text.lstrip()[:1] == "[" and tables.delimiter_of(text, is_whole=opened.is_whole):
            return _table(path, opened, text, ReadAs())
        raise FileUnreadable(f"Invalid JSON: {wrong}.")
    sample = json_layout.sample_of(tree, is_complete=is_complete)
    if sample is None or not sample.first:
        raise FileUnreadable(
            "No records found. The JSON must be a list of objects, or an object that contains one."
        )
    if wrong is not None and not sample.records:
        raise FileUnreadable(f"Invalid JSON: {wrong}.")
    return sample


def _table(path: Path, opened: Opened, text: str, read_as: ReadAs) -> FileSample:
    delimiter = read_as.delimiter or tables.delimiter_of(text, is_whole=opened.is_whole)
    rows = tables.first_rows(text, delimiter or ",", is_whole=opened.is_whole)
    if delimiter is None:
        is_list = bool(rows) and all(len(row) == 1 for row in rows)
        has_prose = any(len(row[0]) > SHORT for row in rows) and not tables.is_quoted(
            text, is_whole=opened.is_whole
        )
        if not is_list or has_prose:
            raise FileUnreadable("This text is not a table, JSON or JSON Lines.")
    if not rows:
        raise FileUnreadable(
            f"This text cannot be read as a table. Choose another file type. {WHAT_TO_DO}"
        )
    header = tables.has_header(rows) if read_as.header is None else read_as.header
    if header and len(rows) == 1 and opened.is_whole:
        raise FileUnreadable("The file has a header but no rows.")
    columns = tables.names_of(rows[0], header=header)
    sample = FileSample(Container.CSV, delimiter=delimiter or ",", header=header, columns=columns)
    if not header:
        sample.notes.append("No column names in the first row: columns are numbered.")
    return _with_first(path, opened, sample)


def _with_first(path: Path, opened: Opened, sample: FileSample) -> FileSample:
    most = max(5, min(LOOKED_AT, 20_000 // max(len(sample.columns), 1)))
    sample.first = records.first(path, opened, sample.mapping(RowKind.EVENTS), most)
    if not sample.first:
        raise FileUnreadable("No record in this file can be read.")
    return sample


def _columns(sample: FileSample) -> list[SampledColumn]:
    found: dict[str, list[str]] = {name: [] for name in sample.columns}
    for record in sample.first[:LOOKED_AT]:
        for path, value in leaves(record).items():
            cells = found.setdefault(path, [])
            if len(cells) < 3 and (shown := previews.shown(value, SHORT)) not in cells:
                cells.append(shown)
    return [
        SampledColumn(path=path, samples=cells)
        for path, cells in list(found.items())[:MOST_COLUMNS_SHOWN]
    ]


# Questions


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
        zero = low if low > 86_400 else 0.0
        lasted = timedelta(
            seconds=(high - zero) / (1000 if rule.unit is ValueUnit.MILLISECONDS_SINCE_START else 1)
        )
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
