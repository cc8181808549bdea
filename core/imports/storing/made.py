"""Imports without a file: another feature makes the rows, named by the format in their mapping."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.database.db import Session
from core.imports.parsed import Parsed

Finish = Callable[[Session, Session, UUID], None]


@dataclass(frozen=True)
class Made:
    """Rows, and who stores what belongs to them and is none: in both databases, when all rows are there, once or again."""

    rows: Iterable[Parsed]
    finish: Finish


Maker = Callable[[dict[str, Any]], Made]

_makers: dict[str, Maker] = {}


def register(format_name: str, maker: Maker) -> None:
    """Have the rows of imports of a format made: of a mapping always the same, counted from 1."""
    _makers[format_name] = maker


def find(mapping: dict[str, Any] | None) -> Maker | None:
    """Return who makes the rows of a mapping, None where they come from a file."""
    return _makers.get((mapping or {}).get("format", ""))
