"""What a file is, told by its shape: its format and kind, how it would be read, and what only a person can answer."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from core.imports.cells import meanings, units, words
from core.imports.containers import files, json_files, layout, records, tables
from core.imports.containers.files import FileUnreadable, Opened
from core.imports.containers.paths import leaves
from core.imports.mapping import SINCE_START, Container, Mapping, RecordShape
from core.imports.parsed import RowKind
from core.imports.recognition import guess, questions, shapes, unready
from core.imports.recognition.questions import Ask, ImportQuestion
from core.imports.recognition.result import Assumptions, Column, Recognition
from core.imports.recognition.samples import FileSample, RecognisedFile, by_path, told
from core.imports.recognition.unready import NotYet
from core.imports.schemas import ReadAs

__all__ = ["Column", "FileUnreadable", "ImportQuestion", "Recognition", "guessed_fields", "readings", "recognise"]

LOOKED_AT = 200
MOST_COLUMNS_SHOWN = 3_000
SHORT = 120
MOST_SCANNED = 2_000_000
WHAT_TO_DO = (
    "Upload CSV or TSV with column names in the first row, JSON (a list of objects), JSONL (one object per line) or Parquet."
)
AS_FOUND = ReadAs()
UNTIMED = (RecordShape.DIALOGUES, RecordShape.TURNS, RecordShape.EXCHANGES, RecordShape.ARTICLES, RecordShape.BENCHMARK)


def recognise(path: Path, name: str, *, known: Assumptions | None = None, read_as: ReadAs | None = None) -> Recognition:
    """Return what a file is, or what it is when read as somebody says; raise Unreadable. Its name tells nothing."""
    del name
    opened = files.look(path)
    sample = _sample(path, opened) if read_as is None or read_as.container is None else _sample_as(path, opened, read_as)
    if isinstance(sample, NotYet):
        return Recognition(
            format=sample.format, title=sample.title, not_yet=f"{sample.words} {unready.OTHERWISE}", notes=opened.notes
        )
    found = shapes.shape_of(sample, read_as.format if read_as is not None else None)
    columns = _columns(sample)
    if isinstance(found, NotYet):
        return Recognition(
            format=found.format,
            title=found.title,
            not_yet=f"{found.words} {unready.OTHERWISE}",
            columns=columns,
            notes=opened.notes,
        )
    if found.kind is None:
        notes = [
            *opened.notes,
            *sample.notes,
            "Could not detect the row type. Choose it and map the columns.",
        ]
        return Recognition(format=RecordShape.TABLE, title="A table", draft=found.mapping, columns=columns, notes=notes)
    return _recognition(path, opened, sample, found, columns, known or Assumptions())


# Samples


def _sample(path: Path, opened: Opened) -> FileSample | NotYet:
    """Return the first records of a file, and how it holds them."""
    if opened.is_parquet:
        names, count = records.parquet_columns(path)
        if not count:
            raise FileUnreadable("The Parquet file has no rows.")
        return _first_of(path, opened, FileSample(Container.PARQUET, columns=names))
    text = opened.sample.lstrip("\ufeff")
    start = text.lstrip()[:1]
    if start in ("{", "["):
        return _json(path, opened, text)
    # First of all: cells of a table may hold Markdown or YAML of many lines.
    if not tables.is_quoted(text, is_whole=opened.is_whole) and (prose := unready.prose(text)) is not None:
        return prose
    return _table(path, opened, text)


def _sample_as(path: Path, opened: Opened, read_as: ReadAs) -> FileSample | NotYet:
    """Return the first records of a file of which somebody has said what holds them."""
    text = opened.sample.lstrip("\ufeff")
    if opened.is_parquet is not (read_as.container is Container.PARQUET):
        raise FileUnreadable("Parquet files can only be read as Parquet, and other files cannot.")
    match read_as.container:
        case Container.CSV:
            return _table(path, opened, text, read_as)
        case Container.JSONL:
            return _first_of(path, opened, FileSample(Container.JSONL))
        case Container.JSON:
            return _json(path, opened, text)
        case _:
            return _sample(path, opened)


def _json(path: Path, opened: Opened, text: str) -> FileSample | NotYet:
    if text.lstrip()[:1] == "{" and json_files.is_lines(text, is_whole=opened.is_whole):
        return _first_of(path, opened, FileSample(Container.JSONL))
    tree, is_complete = json_files.beginning(text)
    wrong = json_files.problem(text, is_whole=opened.is_whole)
    if wrong is not None and (tree is None or not tree or (isinstance(tree, list) and not isinstance(tree[0], dict | list))):
        return (
            _table(path, opened, text)
            if text.lstrip()[:1] == "[" and tables.separator_of(text, is_whole=opened.is_whole)
            else _refuse(wrong)
        )
    found = layout.of(tree, is_complete=is_complete)
    if found is None or not found.first:
        raise FileUnreadable("No records found. The JSON must be a list of objects, or an object that contains one.")
    if wrong is not None and not found.records:
        _refuse(wrong)
    sample = FileSample(Container.JSON, found.records, first=found.first, beside=found.beside)
    if found.passed_over:
        sample.notes.append(
            f"Imports the records in “{found.records.removesuffix('.item')}” · skips {', '.join(found.passed_over[:5])}"
        )
    return sample


def _refuse(wrong: str) -> NotYet:
    raise FileUnreadable(f"Invalid JSON: {wrong}.")


def _table(path: Path, opened: Opened, text: str, read_as: ReadAs = AS_FOUND) -> FileSample:
    separator = read_as.delimiter or tables.separator_of(text, is_whole=opened.is_whole)
    if separator is None:
        rows = tables.first_rows(text, ",", is_whole=opened.is_whole)
        if (
            not rows
            or any(len(row) != 1 for row in rows)
            or (any(len(row[0]) > SHORT for row in rows) and not tables.is_quoted(text, is_whole=opened.is_whole))
        ):
            raise FileUnreadable("This text is not a table, JSON or JSON Lines.")
        separator = ","
    rows = tables.first_rows(text, separator, is_whole=opened.is_whole)
    if not rows:
        raise FileUnreadable(f"This text cannot be read as a table. Choose another file type. {WHAT_TO_DO}")
    header = tables.has_header(rows) if read_as.header is None else read_as.header
    if header and len(rows) == 1 and opened.is_whole:
        raise FileUnreadable("The file has a header but no rows.")
    names = tables.names_of(rows[0], header=header)
    sample = _first_of(path, opened, FileSample(Container.CSV, separator=separator, header=header, columns=names))
    if not header:
        sample.notes.append("No column names in the first row: columns are numbered.")
    return sample


def _first_of(path: Path, opened: Opened, sample: FileSample) -> FileSample:
    draft = sample.mapping(RowKind.EVENTS)
    most = max(5, min(LOOKED_AT, 20_000 // max(len(sample.columns), 1)))
    sample.first = records.first(path, opened, draft, most)
    if not sample.first:
        raise FileUnreadable("No record in this file can be read.")
    return sample


def _columns(sample: FileSample) -> list[Column]:
    found: dict[str, list[str]] = {name: [] for name in sample.columns}
    for record in sample.first[:LOOKED_AT]:
        for path, value in leaves(record).items():
            told = found.setdefault(path, [])
            if len(told) < 3 and (shown := words.shown(value, SHORT)) not in told:
                told.append(shown)
    return [Column(path=path, samples=told) for path, told in list(found.items())[:MOST_COLUMNS_SHOWN]]


# Recognition


def _recognition(
    path: Path, opened: Opened, sample: FileSample, found: RecognisedFile, columns: list[Column], known: Assumptions
) -> Recognition:
    mapping, samples = found.mapping, by_path(sample)
    asked = [*questions.of_table(mapping, samples), *questions.of_values(mapping, meanings.unknown(mapping, sample.first))]
    mapping = mapping.model_copy(update={"open": questions.names_open(asked)})
    asked += questions.of_event_types(mapping, meanings.event_types(mapping, sample.first))
    if _needs_zone(mapping, sample) or any(
        units.is_zoneless(samples[option.value], units.time(samples[option.value]))
        for each in asked
        for option in each.options
        if each.key is Ask.COLUMN and option.value in samples
    ):
        mapping = mapping.model_copy(update={"zone": known.zone})
        asked.append(ImportQuestion(key=Ask.ZONE, text=questions.ZONE, default=known.zone))
    if (start := _start(path, opened, mapping, known)) is not None:
        mapping = mapping.model_copy(update=start.update)
        asked.append(ImportQuestion(key=Ask.START, text=start.words, default=start.update["start"].isoformat()))
    if mapping.kind is RowKind.AI_REQUESTS and mapping.format is RecordShape.TABLE and "model" not in mapping.fields:
        mapping = mapping.model_copy(update={"model": "unknown"})
        asked.append(ImportQuestion(key=Ask.MODEL, text="Model for all rows", default="unknown"))
    return Recognition(
        format=found.format,
        title=found.title,
        kind=mapping.kind,
        mapping=mapping,
        columns=columns,
        questions=asked,
        notes=[*opened.notes, *sample.notes, *found.notes],
        readings=words.readings(mapping, sample.first),
    )


def _needs_zone(mapping: Mapping, sample: FileSample) -> bool:
    if mapping.format in (RecordShape.PHOENIX, RecordShape.LANGFUSE_OBSERVATIONS, RecordShape.LANGFUSE_TRACES):
        return False  # they write UTC
    rules = [rule for rule in mapping.fields.values() if rule.path and rule.as_ == "time"]
    if any(units.is_zoneless(told(sample.first, rule.path), rule.unit) for rule in rules):
        return True
    at = mapping.turns.at if mapping.turns else None
    return at is not None and any(
        units.is_zoneless(told(shapes.turns_of(record, mapping), at.path), at.unit) for record in sample.first[:20]
    )


class _Start(BaseModel):
    update: dict[str, Any]
    words: str


def _start(path: Path, opened: Opened, mapping: Mapping, known: Assumptions) -> _Start | None:
    """Return what to ask where a file has no times, or only those since some start."""
    came = known.came.replace(second=0, microsecond=0)
    rule = next((rule for rule in mapping.fields.values() if rule.unit in SINCE_START), None)
    if rule is not None:
        low, high = _extent(path, opened, mapping, rule.path)
        zero = low if low > 86_400 else 0.0
        start = came - timedelta(seconds=(high - zero) / (1000 if rule.unit == "since_ms" else 1)) - timedelta(minutes=1)
        what = "the first record" if zero else "the time 0"
        return _Start(
            update={"start": known.start or start, "zero": zero},
            words=f"Times count seconds from a start. When was {what}?",
        )
    start = known.start or came - timedelta(days=1)
    has_times = "created_at" in (*mapping.fields, *mapping.open) or (mapping.turns is not None and mapping.turns.at is not None)
    if mapping.format in UNTIMED and not has_times:
        return _Start(update={"start": start}, words="This file has no times. Start time of the data")
    if (
        mapping.format is RecordShape.TABLE
        and not has_times
        and mapping.kind in (RowKind.AI_REQUESTS, RowKind.FEEDBACK, RowKind.EVENTS)
    ):
        return _Start(update={"start": start}, words="No time column found. Start time of the data")
    return None


def _extent(path: Path, opened: Opened, mapping: Mapping, column: str) -> tuple[float, float]:
    """Return the smallest and the largest number of a column."""
    low, high = float("inf"), float("-inf")
    for position, _, record, wrong in records.objects(path, opened, mapping):
        if wrong is None:
            try:
                value = float(told([record], column)[0])
            except (ValueError, TypeError, IndexError):
                continue
            low, high = min(low, value), max(high, value)
        if position >= MOST_SCANNED:
            high = max(high, low + 400 * 86_400.0)  # what is left is taken to be longer
            break
    return (low, high) if low <= high else (0.0, 0.0)


def samples_of(recognition: Recognition) -> guess.Samples:
    """Return the first values of each column, as far as they are kept."""
    return {column.path: list(column.samples) for column in recognition.columns}


def records_of(path: Path, mapping: Mapping) -> Iterator[Any]:
    """Yield the records of a file that can be read, as objects."""
    return (record for _, _, record, wrong in records.objects(path, files.look(path), mapping) if wrong is None)


def guessed_fields(recognition: Recognition, kind: RowKind) -> dict[str, Any]:
    """Return the fields of another kind than the one that was guessed, as the columns' names and values suggest them."""
    return guess.fields_of(samples_of(recognition), kind)


def readings(path: Path, mapping: Mapping) -> list[str]:
    """Return how three values of each time, duration, price and state are read by a mapping, in words."""
    return words.readings(mapping, records.first(path, files.look(path), mapping, 20))
