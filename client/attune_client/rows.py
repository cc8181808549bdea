"""Rows as they are taken from the host, in little time; and as JSON, later, in the background."""

import json
import math
from collections.abc import Mapping
from datetime import date, datetime, timezone
from typing import Any
from uuid import uuid4

Row = dict[str, Any]

MOST_NODES = 2000
DEEPEST = 20
SMALL = 20_000  # characters, which are JSON in a tenth of a millisecond
LONGEST_LINE = 2**20  # bytes, of what Attune takes


class TooLong(ValueError):
    """A row is longer than a line may be: 1 MiB."""


class Taken:
    """A copy of what the host has given, so that it may go on changing it; what is very large is kept as it is, not copied."""

    __slots__ = ("left", "size")

    def __init__(self) -> None:
        """Nothing is copied yet."""
        self.left = MOST_NODES
        self.size = 0  # roughly, in characters

    def copy(self, value: object, depth: int = 0) -> object:
        """Return a copy, and count its size."""
        if isinstance(value, str):
            self.size += len(value)
            return value
        self.size += 16
        if not isinstance(value, (dict, list, tuple)):
            return value
        self.left -= len(value)
        if self.left < 0 or depth >= DEEPEST:
            self.size += 64 * len(value)
            return value
        if isinstance(value, dict):
            return {key: self.copy(inner, depth + 1) for key, inner in dict(value).items()}
        return [self.copy(inner, depth + 1) for inner in list(value)]


def now() -> str:
    """Return the present moment as the API takes it."""
    return datetime.now(timezone.utc).isoformat()


def as_line(row: Row) -> bytes:
    """Return a row as a line of NDJSON; raise a ValueError, TypeError or RecursionError for what JSON cannot hold."""
    if "messages" in row:
        # Here and not in the call, for there may be thousands; once, for what is sent again is this line.
        row = {**row, "messages": [{"id": uuid4().hex, "created_at": row["updated_at"], **each} for each in row["messages"]]}
    try:
        line = _encode(row)
    except ValueError:
        line = _encode(_finite(row))
    if len(line) > LONGEST_LINE:
        raise TooLong(f"a row of {len(line):,} bytes; 1 MiB is the most")
    return line


def _encode(row: object) -> bytes:
    return json.dumps(row, default=_plain, allow_nan=False, skipkeys=True, separators=(",", ":")).encode()


def _plain(value: object) -> object:
    """Return something that JSON has a form for."""
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
    return str(value)  # of a Decimal or a UUID exactly what the API takes


def _finite(value: object, depth: int = 0) -> object:
    """Return JSON without NaN and infinity, for which it has no form."""
    if depth > 200:
        raise ValueError("nested too deeply, or within itself")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner, depth + 1) for inner in value]
    return value
