"""Tells imports, whose job stores the rows, how those of the demo are made."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from core.demo import queries
from core.demo.generator import rows
from core.imports import made
from core.imports.parsed import Parsed


def make(mapping: dict[str, Any]) -> Iterator[Parsed]:
    """Return the rows of a demo, the same ones each time: after a kill they are made again and passed over."""
    return rows(mapping["seed"], datetime.fromisoformat(mapping["until"]))


made.register(queries.FORMAT, make)
