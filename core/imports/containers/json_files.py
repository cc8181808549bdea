"""JSON and JSON Lines as streams: no document is held in memory as a whole.

pyarrow.json does not do this: it reads lines only, gives all of them the columns of one schema, and
fails for the whole file at a value of another type, at NaN and at half of a surrogate pair.
"""

import io
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

import ijson
import msgspec

from core.errors import Invalid
from core.imports.cells.values import plain
from core.imports.containers.files import Record, as_text, lines_of, lines_of_sample
from core.ingest.json_limits import excess

LONGEST_LINE = 8 << 20  # characters: an export of many spans may stand in one
LARGEST_RECORD = 32 << 20  # characters
MOST_VALUES = 500_000  # of a record, which may be an export of many spans
AT_ONCE = 1 << 20  # a text over many pieces is looked through again with each of them
DEEPEST, ENDLESS = 64, 1000  # levels that are read, and that no program writes
ENDLESS_NUMBER = re.compile(r"[:,\[\s]-?[0-9]{1000}")
KEY, VALUE = "_key", "_value"
# Python writes these, though they are not JSON; they are read as null where the beginning of a file
# has them.
NAN = re.compile(r"(?<=[:,\[])(\s*)-?(?:NaN|Infinity)(?=\s*[,}\]])")
LONGEST_NAN = 24  # characters, with the comma before it and the one after
# ValueError: a number of very many digits, or half of a surrogate pair
NOT_JSON = (ijson.JSONError, ValueError)
STARTS, ENDS = ("start_map", "start_array"), ("end_map", "end_array")
Object = dict[str, Any]


class RecordTooLarge(Exception):
    """A record is larger than any that can be stored."""


class NotStorable(Invalid):
    """This JSON is nested without end, or holds a number of thousands of digits: no program writes
    such a file.
    """


# JSON Lines


def is_lines(sample: str, *, is_whole: bool) -> bool:
    lines = [line for line in lines_of_sample(sample) if line.strip()]
    if not is_whole and len(lines) > 1:
        lines.pop()
    good = sum(isinstance(decode(line)[0], dict) for line in lines[:50])
    return good >= 1 and good >= min(len(lines), 50) / 2 and (len(lines) > 1 or not is_whole)


def lines(path: Path, encoding: str, skip: int = 0) -> Iterator[Record]:
    """Yield the objects after the first `skip`; blank lines are not counted."""
    with as_text(path, encoding) as text:
        position = 0
        for number, (line, is_cut) in enumerate(lines_of(text, LONGEST_LINE), 1):
            position += bool(line.strip())
            if position <= skip or not line.strip():
                continue
            too_long = (None, f"longer than {LONGEST_LINE >> 20} MB")
            record, wrong = too_long if is_cut else decode(line)
            if wrong is None and not isinstance(record, dict):
                record = {VALUE: record}
            yield position, number, record, wrong


def decode(line: str) -> tuple[Any, str | None]:
    """Return what a line holds, and what is wrong with it; half characters become question
    marks.
    """
    too_much = excess(line.encode(errors="replace"), most_values=MOST_VALUES, deepest=DEEPEST)
    if too_much is not None:
        return None, too_much
    try:
        try:
            return msgspec.json.decode(line), None
        except (msgspec.MsgspecError, UnicodeError):
            # Python's is slower, but takes NaN and half of a surrogate pair.
            return plain(whole_characters(json.loads(line))), None
    except RecursionError:
        return None, "nested too deeply"
    except json.JSONDecodeError as error:
        # Its own words name line 1, beside the number that this line has in the file
        return None, f"not valid JSON: {error.msg} at character {error.colno}"
    except ValueError as error:
        return None, f"not valid JSON: {error}"


# Documents


class _Utf8:
    """A text as ijson reads it: UTF-8 bytes, and not endless without a record."""

    def __init__(self, text: TextIO, *, has_nan: bool = False) -> None:
        self._text, self._has_nan, self._kept = text, has_nan, ""
        self.since = self.values = 0  # characters and values since the last record

    def read(self, size: int) -> bytes:
        if size == 0:  # ijson asks so whether these are bytes
            return b""
        piece = self._text.read(size)
        if self._has_nan:  # the end waits for the next piece, which may cut a NaN in two
            whole = NAN.sub(r"\1null", self._kept + piece)
            cut = max(len(whole) - LONGEST_NAN, 0) if piece else len(whole)
            self._kept, piece = whole[cut:], whole[:cut]
            if self._kept and not piece:
                return self.read(size)
        self.since += len(piece)
        self.values += piece.count(",") + piece.count("[") + piece.count("{")
        if self.since > LARGEST_RECORD or self.values > 2 * MOST_VALUES:
            raise RecordTooLarge
        return piece.replace("\0", "").encode("utf-8", "replace")


def has_nan(sample: str) -> bool:
    """Whether a document holds numbers as Python writes them and JSON does not."""
    return NAN.search(sample) is not None


def beginning(sample: str, *, is_whole: bool) -> tuple[Any, bool, str | None]:
    """Return the tree that the beginning of a document gives, whether it is complete, and what is
    wrong beside its being cut.
    """
    builder, depth, is_first = ijson.ObjectBuilder(), 0, True
    text = io.BytesIO(NAN.sub(r"\1null", sample).encode("utf-8", "replace"))
    try:
        for event, value in ijson.basic_parse(text, use_float=True, multiple_values=True):
            depth -= event in ENDS
            if is_first and depth < DEEPEST:
                builder.event(event, value)
            depth += event in STARTS
            is_first = is_first and depth > 0
            if depth > ENDLESS:
                raise NotStorable
    except NOT_JSON as error:
        wrong = first_line(error)
        if "integer overflow" in wrong and ENDLESS_NUMBER.search(sample):
            raise NotStorable from None
        return builder.value, False, None if "premature EOF" in wrong and not is_whole else wrong
    return builder.value, True, None


def documents(
    path: Path, encoding: str, records: str, *, has_nan: bool, skip: int = 0
) -> Iterator[Record]:
    """Yield the records of a document after the first `skip`: those at `records`, which is a path
    as ijson has it.

    `*` are the values of one object, with their keys; `*.item` are those of all its lists; nothing
    at all is the whole document.
    """
    with as_text(path, encoding) as text:
        stream = _Utf8(text, has_nan=has_nan)
        position = 0
        try:
            for record in _values(stream, records):
                stream.since = stream.values = 0
                position += 1
                if position > skip:
                    if _is_deep(record):
                        yield position, None, None, "nested too deeply"
                    else:
                        found = record if isinstance(record, dict) else {VALUE: record}
                        yield position, None, found, None
            return
        except RecordTooLarge:
            wrong = f"a record has more than {LARGEST_RECORD >> 20} MiB or {MOST_VALUES:,} values."
            yield position + 1, None, None, f"Not readable from here on: {wrong}"
        except NOT_JSON as error:
            yield position + 1, None, None, f"Invalid JSON from here on: {first_line(error)}"


def first_line(error: Exception) -> str:
    """Return a parser's words without its picture of the place."""
    said = error.args[0] if error.args else error
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    lines = text.strip().splitlines()
    return lines[0][:200] if lines else "it ends too early"


def _values(stream: _Utf8, records: str) -> Iterable[Any]:
    if records == "*":
        pairs: Iterable[tuple[str, Any]] = ijson.kvitems(
            stream, "", buf_size=AT_ONCE, use_float=True
        )
        return (keyed(key, value) for key, value in pairs)
    if records == "*.item":
        return _items_of_all(stream)
    found: Iterable[Any] = ijson.items(
        stream, records, multiple_values=not records, buf_size=AT_ONCE, use_float=True
    )
    return found


def keyed(key: str, value: Any) -> Object:  # noqa: ANN401  any JSON
    """Return a value of an object as a record that knows its key."""
    return {**value, KEY: key} if isinstance(value, dict) else {KEY: key, VALUE: value}


def _items_of_all(stream: _Utf8) -> Iterator[Any]:
    """Yield the objects and lists in all lists of one object."""
    builder, depth = ijson.ObjectBuilder(), 0
    for event, value in ijson.basic_parse(stream, use_float=True):
        depth -= event in ENDS
        if depth > 2 or (depth == 2 and event in (*STARTS, *ENDS)):
            builder.event(event, value)
        if depth == 2 and event in ENDS:
            yield builder.value
        depth += event in STARTS


def _is_deep(record: Any) -> bool:  # noqa: ANN401  any JSON
    # Not by recursion, which a record made for that would exhaust.
    level = [record]
    for _ in range(DEEPEST):
        inner = (
            each.values() if isinstance(each, dict) else each
            for each in level
            if isinstance(each, dict | list)
        )
        level = [value for values in inner for value in values if isinstance(value, dict | list)]
        if not level:
            return False
    return True


def whole_characters(value: Any) -> Any:  # noqa: ANN401  any JSON
    """Return JSON with question marks for halves of characters."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {
                whole_characters(name): whole_characters(inner) for name, inner in value.items()
            }
        case list():
            return [whole_characters(inner) for inner in value]
        case _:
            return value
