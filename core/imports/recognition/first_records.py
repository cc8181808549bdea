"""The first records of a file, and how it holds them: table, JSON, lines or Parquet."""

from pathlib import Path

from core.imports.containers import json_files, records, tables
from core.imports.containers.files import FileUnreadable, Opened
from core.imports.mapping import (
    Container,
)
from core.imports.parsed import RowKind
from core.imports.recognition import json_layout, unsupported
from core.imports.recognition.result import (
    Recognition,
)
from core.imports.recognition.samples import FileSample
from core.imports.schemas import ReadAs

LOOKED_AT = 200  # records
SHORT = 120  # characters of a cell that is shown
WHAT_TO_DO = (
    "Upload CSV or TSV with column names in the first row, JSON (a list of objects), JSONL (one "
    "object per line) or Parquet."
)


def sample_of(path: Path, opened: Opened, read_as: ReadAs) -> FileSample | Recognition:
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
