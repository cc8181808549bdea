"""JSON and JSONL as streams: where the records of a document lie is told by its beginning, and no document is held whole."""

import io
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

import ijson
import msgspec

from core.errors import Invalid
from core.imports.cells.values import plain, whole_characters
from core.imports.containers.files import LONGEST_LINE, TextLines, as_text
from core.ingest.json_limits import excess

LARGEST_RECORD = 32 << 20
MOST_VALUES = 500_000  # of a record, which may be an export of many spans
AT_ONCE = 1 << 20  # a text over many pieces is looked through again with each of them
DEEPEST = 64
ENDLESS = 1000
ENDLESS_NUMBER = re.compile(r"[:,\[\s]-?[0-9]{1000}")
KEY, VALUE = "_key", "_value"
# Python writes these, and they are no JSON; they are read as null where the beginning of a file shows that it has them.
NO_NUMBER = re.compile(r"(?<=[:,\[])(\s*)-?(?:NaN|Infinity)(?=\s*[,}\]])")
NO_JSON = (ijson.JSONError, ValueError)  # a number of very many digits is a ValueError, and so are halves of characters
Object = dict[str, Any]
Record = tuple[int, int | None, Object | None, str | None]  # position, line, record, what is wrong


class RecordTooLarge(Exception):
    """A record is larger than any that can be stored."""


class NotStorable(Invalid):
    """This JSON is nested without end, or holds a number of thousands of digits: no program writes such a file."""


# JSONL


def is_lines(sample: str, *, is_whole: bool) -> bool:
    """Whether each line is an object of its own."""
    lines = [line for line in sample.splitlines() if line.strip()]
    if not is_whole and len(lines) > 1:
        lines.pop()
    good = sum(1 for line in lines[:50] if isinstance(decode(line)[0], dict))
    return good >= 1 and good >= min(len(lines), 50) / 2 and (len(lines) > 1 or not is_whole)


def lines(path: Path, encoding: str, skip: int = 0) -> Iterator[Record]:
    """Yield the objects after the first `skip`; a blank line is none."""
    with as_text(path, encoding) as text:
        found = TextLines(text)
        position = 0
        for number, line in enumerate(found, 1):
            if not line.strip():
                continue
            position += 1
            if position <= skip:
                continue
            if found.cut:
                found.cut = False
                yield position, number, None, f"longer than {LONGEST_LINE >> 20} MB"
                continue
            record, wrong = decode(line)
            if wrong is None and not isinstance(record, dict):
                record = {VALUE: record}
            yield position, number, record, wrong


def decode(line: str) -> tuple[Any, str | None]:
    """Return what a line holds, and what is wrong with it; half characters become question marks."""
    if (too_much := excess(line.encode(errors="replace"), most_values=MOST_VALUES, deepest=DEEPEST)) is not None:
        return None, too_much
    # The fast one first; only Python's own takes NaN and halves of characters.
    try:
        return msgspec.json.decode(line), None
    except (msgspec.MsgspecError, UnicodeError):
        pass
    except RecursionError:
        return None, "nested too deeply"
    try:
        return plain(whole_characters(json.loads(line))), None
    except RecursionError:
        return None, "nested too deeply"
    except ValueError as error:
        return None, f"no JSON: {error}"


# Documents


class _Utf8:
    """A text as ijson wants to read it: UTF-8, and not endless without a record."""

    def __init__(self, text: TextIO, *, lenient: bool = False) -> None:
        self._text, self._lenient, self._kept = text, lenient, ""
        self.since = self.values = 0  # of the record

    def read(self, size: int) -> bytes:
        if size == 0:  # ijson asks so whether these are bytes
            return b""
        piece = self._text.read(size)
        if self._lenient:
            piece = self._without_nan(piece)
        self.since += len(piece)
        self.values += piece.count(",") + piece.count("[") + piece.count("{")
        if self.since > LARGEST_RECORD or self.values > 2 * MOST_VALUES:
            raise RecordTooLarge
        return piece.replace("\0", "").encode("utf-8", "replace")

    def _without_nan(self, piece: str) -> str:
        whole = self._kept + piece
        # The last of a piece wait for the next: a number may be cut in two.
        cut = len(whole) - 24 if piece else len(whole)
        if cut <= 0:
            self._kept = whole
            return self._without_nan(self._text.read(1 << 16)) if piece else ""
        changed = NO_NUMBER.sub(r"\1null", whole)
        cut += len(changed) - len(whole)
        self._kept = changed[cut:]
        return changed[:cut]


def beginning(sample: str) -> tuple[Any, bool]:
    """Return as much of a document as its beginning tells, and whether that is all of it."""
    tree = _Tree()
    is_complete = False
    try:
        for event, value in ijson.basic_parse(
            io.BytesIO(_strict(sample).encode("utf-8", "replace")), use_float=True, multiple_values=True
        ):
            tree.add(event, value)
        is_complete = True
    except NO_JSON:
        pass
    return tree.root, is_complete


def is_lenient(sample: str) -> bool:
    """Whether a document holds numbers that are none."""
    return NO_NUMBER.search(sample) is not None


def _strict(sample: str) -> str:
    return NO_NUMBER.sub(r"\1null", sample) if is_lenient(sample) else sample


class _Tree:
    """What is built of the events of a parser; of several documents, the first."""

    def __init__(self) -> None:
        self.root: Any = None
        self._open: list[Any] = []
        self._keys: list[str] = []
        self._is_done = False

    def add(self, event: str, value: Any) -> None:  # noqa: ANN401  any JSON
        if self._is_done:
            return
        if event == "map_key":
            self._keys[-1] = value
        elif event in ("end_map", "end_array"):
            self._open.pop()
            self._keys.pop()
            self._is_done = not self._open
        elif event in ("start_map", "start_array"):
            made: Any = {} if event == "start_map" else []
            if len(self._open) > ENDLESS:
                raise NotStorable
            if len(self._open) < DEEPEST:
                self._put(made)
            self._open.append(made)
            self._keys.append("")
        else:
            self._put(value)

    def _put(self, value: Any) -> None:  # noqa: ANN401  any JSON
        if not self._open:
            self.root = value
        elif isinstance(self._open[-1], list):
            self._open[-1].append(value)
        else:
            self._open[-1][self._keys[-1]] = value


def documents(path: Path, encoding: str, records: str, *, lenient: bool, skip: int = 0) -> Iterator[Record]:
    """Yield the records of a document after the first `skip`: those at `records`, which is a path as ijson has it.

    `*` are the values of one object, with their keys; `*.item` are those of all its lists; nothing at all is the whole document.
    """
    with as_text(path, encoding) as text:
        stream = _Utf8(text, lenient=lenient)
        position = 0
        try:
            for record in _values(stream, records):
                stream.since = stream.values = 0
                position += 1
                if position > skip:
                    yield position, None, *_checked(record)
        except RecordTooLarge:
            yield (
                position + 1,
                None,
                None,
                f"Not readable from here on: a record has more than {LARGEST_RECORD >> 20} MiB or {MOST_VALUES:,} values.",
            )
        except NO_JSON as error:
            yield position + 1, None, None, f"Invalid JSON from here on: {first_line(error)}"


def first_line(error: Exception) -> str:
    """Return what a parser says, without its picture of the place."""
    said = error.args[0] if error.args else error
    told = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return told.strip().splitlines()[0][:200] if told.strip() else "it ends too early"


def _values(stream: _Utf8, records: str) -> Iterable[Any]:
    if records == "*":
        return ({**value, KEY: key} if isinstance(value, dict) else {KEY: key, VALUE: value} for key, value in _pairs(stream))
    if records == "*.item":
        return _items_of_all(stream)
    found: Iterable[Any] = ijson.items(stream, records, multiple_values=not records, buf_size=AT_ONCE, use_float=True)
    return found


def _pairs(stream: _Utf8) -> Iterable[tuple[str, Any]]:
    found: Iterable[tuple[str, Any]] = ijson.kvitems(stream, "", buf_size=AT_ONCE, use_float=True)
    return found


def _items_of_all(stream: _Utf8) -> Iterator[Any]:
    """Yield the elements of all lists that one object holds."""
    builder: _Tree | None = None
    depth = 0
    for event, value in ijson.basic_parse(stream, use_float=True):
        if event in ("end_map", "end_array"):
            depth -= 1
        if depth >= 2 and (builder or event in ("start_map", "start_array")):
            builder = builder or _Tree()
            builder.add(event, value)
            if depth == 2 and event in ("end_map", "end_array"):
                yield builder.root
                builder = None
        if event in ("start_map", "start_array"):
            depth += 1


def _checked(record: Any) -> tuple[Object | None, str | None]:  # noqa: ANN401  any JSON
    # Not by recursion, which a record made for that would exhaust.
    level = [record]
    for _ in range(DEEPEST):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return record if isinstance(record, dict) else {VALUE: record}, None
    return None, "nested too deeply"


def _inside(value: Any) -> Iterable[Any]:  # noqa: ANN401  any JSON
    found = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (each for each in found if isinstance(each, dict | list))


def problem(sample: str, *, is_whole: bool) -> str | None:
    """Return what is wrong with the beginning of a document, but that it is only a beginning."""
    try:
        for _ in ijson.basic_parse(io.BytesIO(_strict(sample).encode("utf-8", "replace")), multiple_values=True, use_float=True):
            pass
    except NO_JSON as error:
        words = first_line(error)
        if "integer overflow" in words and ENDLESS_NUMBER.search(sample):
            raise NotStorable from None
        return None if "premature EOF" in words and not is_whole else words
    return None
