"""Rows: copied quickly in the host's call, encoded as JSON later in the background."""

import dataclasses
import json
import math
import sys
from collections.abc import Mapping
from datetime import date, datetime, timezone
from itertools import islice
from numbers import Integral, Real
from typing import Any
from uuid import uuid4

Row = dict[str, Any]

CONVERSATIONS = "conversations"  # their path
OF_ANSWERS = ("prompt", "experiment")
MAX_NODES = 2000
MAX_DEPTH = 20
SAMPLED_PARTS = 8
SMALL_ROW_BYTES = 20_000  # bytes, encoded in a tenth of a millisecond
MAX_LINE_BYTES = 2**20  # bytes, the limit of Attune


class TooLong(ValueError):
    """A row is longer than 1 MiB, the limit for a line."""


class Copier:
    """Copies a value, which the host may change afterwards, without very large parts."""

    __slots__ = ("containers_size", "remaining_nodes", "size")

    def __init__(self) -> None:
        self.remaining_nodes = MAX_NODES
        self.size = 0  # of the values, roughly, in bytes
        self.containers_size = 0  # what dictionaries and lists take in memory besides

    def copy(self, value: object, depth: int = 0) -> object:
        """Return a copy, and add its size."""
        if isinstance(value, (str, bytes)):
            self.size += sys.getsizeof(value, len(value))  # the length where Python cannot say
            return value
        self.size += 16
        if not isinstance(value, (dict, list, tuple)):
            return value
        self.remaining_nodes -= len(value)
        # Copied no further, or the host's call would take long
        if self.remaining_nodes < 0 or depth >= MAX_DEPTH:
            self.size += estimated_size(value)
            return value
        self.containers_size += sys.getsizeof(value, 0)
        if isinstance(value, dict):
            # dict() and list() copy in one step: another thread may change the value meanwhile
            return {key: self.copy(inner, depth + 1) for key, inner in dict(value).items()}
        return [self.copy(inner, depth + 1) for inner in list(value)]


def estimated_size(value: object, levels: int = 4) -> int:
    """Return how many bytes a value takes in memory, roughly: a few of its parts stand for all."""
    size = sys.getsizeof(value, 64)
    if not isinstance(value, (dict, list, tuple)) or not value or not levels:
        return size
    # In one step: another thread may change the value meanwhile
    if isinstance(value, dict):
        parts = list(islice(value.values(), SAMPLED_PARTS))
    else:
        parts = list(value[:: len(value) // SAMPLED_PARTS + 1])
    sampled = sum(estimated_size(part, levels - 1) for part in parts)
    return size + sampled * len(value) // max(1, len(parts))


def copy_row(path: str, row: Row, common: Mapping[str, str]) -> tuple[bytes | Row, int]:
    """Return a copy of a row with its defaults and what rows have in common, and its size in bytes;
    a small one is encoded at once. Raises what the host's values raise.
    """
    copier = Copier()
    fields = {name: copier.copy(value) for name, value in row.items() if value is not None}
    defaults = {"id": uuid4().hex, "created_at": now()} if path != "batch-runs" else {}
    complete = {**common, **defaults, **fields}
    if copier.size >= SMALL_ROW_BYTES:
        return complete, copier.size + copier.containers_size
    line = as_line(path, complete)
    return line, len(line)


def now() -> str:
    """Return the current time in the API's format."""
    return datetime.now(timezone.utc).isoformat()


def error_words(error: BaseException | None) -> str:
    """Return the type and the words of a host's error."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001  str() of the host's error may fail
        return type(error).__name__


def as_line(path: str, row: Row) -> bytes:
    """Return a row of a path as NDJSON; raise ValueError, TypeError or RecursionError."""
    if path == CONVERSATIONS:  # in other rows, messages are a field that the host has added
        # In the background, because there may be thousands; only once, because retries send the
        # same line.
        row = _with_complete_messages(row)
    try:
        line = _encode(row)
    except ValueError:
        line = _encode(_finite(row))
    if len(line) > MAX_LINE_BYTES:
        raise TooLong(f"a row of {len(line):,} bytes; 1 MiB is the maximum")
    return line


def _with_complete_messages(row: Row) -> Row:
    """Return a conversation whose messages have ids, times, and what answers have in common."""
    conversation = {name: row[name] for name in row if name not in OF_ANSWERS}
    of_answers = {name: row[name] for name in OF_ANSWERS if name in row}
    given = (
        {name: each[name] for name in each if each[name] is not None} for each in row["messages"]
    )
    complete = ({"id": uuid4().hex, "created_at": row["updated_at"], **each} for each in given)
    conversation["messages"] = [
        {**of_answers, **each} if each.get("role") == "assistant" else each for each in complete
    ]
    return conversation


def _encode(row: object) -> bytes:
    text = json.dumps(
        row,
        default=_plain,
        allow_nan=False,
        skipkeys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return text.encode("utf-8", "replace")  # half a character has no form in UTF-8


def _plain(value: object) -> object:
    """Return a serializable value for one that JSON does not support."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.astimezone()).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, Integral):  # also those of numpy
        return int(value)
    if isinstance(value, Real):
        return _finite(float(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    # Pydantic's: answers and tool calls, as the SDKs of providers have them
    dump = getattr(type(value), "model_dump", None)
    if dump is not None:
        return dump(value)
    return str(value)  # the API's format of a Decimal or a UUID


def _finite(value: object, depth: int = 0) -> object:
    """Return JSON with None in place of NaN and infinity."""
    if depth > 200:
        raise ValueError("nested too deeply, or within itself")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner, depth + 1) for inner in value]
    return value
