"""The demo's rows, as the ingest API takes them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from core.demo.shifting import Shift
from core.imports.parsed import ParsedRow, RowKind

FILE = "rows.ndjson.xz"
# After the last message
OPEN_FOR = {"active": timedelta(hours=6), "waiting_human": timedelta(days=2)}

decoder = msgspec.json.Decoder(dict[RowKind, list[dict[str, Any]]])


def rows(until: datetime) -> Iterator[ParsedRow]:
    """Yield the rows of a demo that ends at a time; `position` counts from 1."""
    position = 0
    for line in Shift(until).lines(FILE):
        for kind, given in decoder.decode(line).items():
            for row in given:
                position += 1
                if kind is RowKind.CONVERSATIONS:
                    _close(row, until)
                yield ParsedRow(position, None, kind, row)


def _close(conversation: dict[str, Any], until: datetime) -> None:
    ended_at = datetime.fromisoformat(conversation["messages"][-1]["created_at"])
    if until - ended_at > OPEN_FOR[conversation["status"]]:
        conversation["status"] = "closed"
