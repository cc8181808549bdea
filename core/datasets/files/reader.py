"""Recognize a file of cases by its content, and read it within limits."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from core.datasets.errors import DatasetFileRefused, DatasetFileTooLarge
from core.datasets.files import own_format, promptfoo, promptfoo_csv, records, registry
from core.datasets.files.parsed import ParsedCases
from core.datasets.files.records import Record
from core.datasets.files.yaml_documents import YamlDocument
from core.datasets.import_schemas import CaseFormat
from core.datasets.schemas import MOST_CASES
from core.ingest.json_limits import TooMany, elements, excess

MAX_BYTES = 20 * 2**20
MAX_LINE_VALUES = 20_000
MAX_CELL_CHARS = 1_000_000
YAML_KEYS = ("tests:", "prompts:", "providers:", "description:", "defaultTest:", "id:", "class:")
TOO_MANY = f"This file has more than {MOST_CASES:,} cases. Split it."
DELIMITERS = ",;\t"
UNKNOWN = (
    "This is not a known file of cases. Known are promptfoo, OpenAI evals, Inspect, questions, "
    "preference pairs, completions, instructions, chats or an exported dataset."
)


def read(content: bytes, name: str = "") -> ParsedCases:
    """Return the cases of a file; its name only helps to recognize it.

    Raises DatasetFileTooLarge or DatasetFileRefused.
    """
    if len(content) > MAX_BYTES:
        raise DatasetFileTooLarge(f"A file may have at most {MAX_BYTES // 2**20} MiB.")
    try:
        # Postgres stores no NUL in texts
        text = content.decode("utf-8-sig").replace("\0", "")
    except UnicodeDecodeError:
        raise DatasetFileRefused("This file is not UTF-8 text.") from None
    ending = name.rpartition(".")[2].lower()
    begin = text.lstrip()[:1]
    if not begin:
        raise DatasetFileRefused("This file is empty.")
    # YAML and CSV can begin with a bracket, too
    if begin in "{[" and ending not in ("yaml", "yml", "csv", "tsv", "txt"):
        return _json(text)
    if ending in ("yaml", "yml") or (ending not in ("csv", "tsv", "txt") and _is_yaml(text)):
        return _yaml(text)
    if ending != "txt" and (rows := _table(text)) is not None:
        return _rows(rows)
    return _lines_of_questions(text)


def _json(text: str) -> ParsedCases:
    """Read lines of JSON, a list, or one object with tests."""
    if text.lstrip().startswith("["):
        return _records(_listed(text))
    first = text.lstrip().partition("\n")[0]
    if (opening := _object(first)) is None:
        return _yaml(text)  # an object over several lines
    if isinstance(opening.get("tests"), list):
        return _yaml(text)
    return _records(_json_lines(text))


def _records(found: Iterator[Record]) -> ParsedCases:
    all_ = list(found)
    if not all_:
        raise DatasetFileRefused(UNKNOWN)
    first = all_[0][1]
    if first.get("format") == own_format.FORMAT:
        return own_format.read(all_[1:])
    form = records.format_of(first)
    if form is None:
        raise DatasetFileRefused(UNKNOWN)
    return records.read(form, all_)


def _json_lines(text: str) -> Iterator[Record]:
    count = 0
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        count += 1
        if count > MOST_CASES + 1:  # and the line about the dataset
            raise DatasetFileRefused(TOO_MANY)
        value = _object(line)
        if value is None:
            raise DatasetFileRefused(f"Line {number} is not a JSON object within the limits.")
        yield number, value


def _listed(text: str) -> Iterator[Record]:
    """Yield the objects of a JSON list by their places, from 1."""
    try:
        found = elements(msgspec.Raw(text.encode(errors="replace")), MOST_CASES)
    except TooMany:
        raise DatasetFileRefused(TOO_MANY) from None
    except (msgspec.MsgspecError, RecursionError):
        raise DatasetFileRefused("This is not a JSON list.") from None
    for place, raw in enumerate(found, 1):
        value = _object(bytes(raw).decode())
        if value is None:
            raise DatasetFileRefused(f"Element {place} is not a JSON object within the limits.")
        yield place, value


def _object(text: str) -> dict[str, Any] | None:
    """Return a JSON object within the limits, else None."""
    # Counted before it is decoded, because objects take many times the memory of their JSON
    if excess(text.encode(errors="replace"), most_values=MAX_LINE_VALUES) is not None:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _is_yaml(text: str) -> bool:
    lines = [line for line in text.splitlines()[:400] if line and line[0] not in "# "]
    keys = sum(line.startswith(YAML_KEYS) for line in lines)
    return keys > 0 or (len(lines) > 1 and all(line.rstrip().endswith(":") for line in lines))


def _yaml(text: str) -> ParsedCases:
    document = YamlDocument(text)
    if isinstance(document.value, Mapping) and document.value.keys() & {"tests", "prompts"}:
        return promptfoo.read(document)
    if registry.is_registry(document.value):
        return registry.read(document)
    if isinstance(document.value, list) and all(isinstance(it, dict) for it in document.value):
        return _listed_in_yaml(document)
    raise DatasetFileRefused(UNKNOWN)


def _listed_in_yaml(document: YamlDocument) -> ParsedCases:
    """Read a list of tests of promptfoo, or of records."""
    found = document.value
    if found and {"vars", "assert"} & found[0].keys():
        document.value = {"tests": found}
        return promptfoo.read(document)
    if len(found) > MOST_CASES:
        raise DatasetFileRefused(TOO_MANY)
    return _records((document.line(place) or 1, each) for place, each in enumerate(found))


def _table(text: str) -> list[tuple[int, dict[str, str]]] | None:
    """Return the rows of a table with a header and their lines, None for other texts."""
    header = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=header.count)
    csv.field_size_limit(max(MAX_CELL_CHARS, csv.field_size_limit()))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = [name.strip() for name in next(reader)]
        if not _is_header(names):
            return None
        if repeated := [name for name, count in Counter(names).items() if count > 1]:
            raise DatasetFileRefused(f"The column {repeated[0]} is there twice.")
        rows, line = list[tuple[int, dict[str, str]]](), reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((line, dict(zip(names, cells, strict=False))))
            line = reader.line_num + 1
            if len(rows) > MOST_CASES:
                raise DatasetFileRefused(TOO_MANY)
    except (csv.Error, StopIteration) as error:
        raise DatasetFileRefused(f"This is not valid CSV: {error}.") from None
    return rows


def _is_header(names: list[str]) -> bool:
    known = {*records.INPUTS, *records.ANSWERS}
    has_known = any(name.lower() in known for name in names)
    return promptfoo_csv.is_of_promptfoo(names) or (has_known and len(names) < 200)


def _rows(rows: list[tuple[int, dict[str, str]]]) -> ParsedCases:
    if not rows:
        raise DatasetFileRefused("This table has a header and no rows.")
    if promptfoo_csv.is_of_promptfoo(list(rows[0][1])):
        return promptfoo_csv.read(rows)
    lowered = [(line, {name.lower(): value for name, value in row.items()}) for line, row in rows]
    return _records(iter(lowered))


def _lines_of_questions(text: str) -> ParsedCases:
    """Read a text with one question in each line."""
    found = ParsedCases(CaseFormat.QUESTIONS)
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            found.add(
                number, f"Line {number}", messages=[{"role": "user", "content": line.strip()}]
            )
    return found
