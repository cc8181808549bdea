"""Imports whose rows come from no file: a feature above says how they are made, by the format in their mapping."""

from collections.abc import Callable, Iterable
from typing import Any

from core.imports.parsed import Parsed

Maker = Callable[[dict[str, Any]], Iterable[Parsed]]

_makers: dict[str, Maker] = {}


def register(format_name: str, maker: Maker) -> None:
    """Have the rows of imports of a format made: of a mapping always the same, counted from 1."""
    _makers[format_name] = maker


def find(mapping: dict[str, Any] | None) -> Maker | None:
    """Return who makes the rows of a mapping, None where they come from a file."""
    return _makers.get((mapping or {}).get("format", ""))
