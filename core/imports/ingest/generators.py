"""Imports without a file: another feature generates the rows of a mapping with its format."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.database.db import Session
from core.imports.parsed import ParsedRow


@dataclass(frozen=True)
class Generated:
    """Rows counted from 1; what stores in both databases what belongs to them, when all are there:
    once, or again; and what removes that which has no import's ID.
    """

    rows: Iterable[ParsedRow]
    finish: Callable[[Session, Session, UUID], None]
    remove: Callable[[Session], None]


Generator = Callable[[dict[str, Any]], Generated]  # the same rows for the same mapping

_generators: dict[str, Generator] = {}


def register(format_name: str, generator: Generator) -> None:
    _generators[format_name] = generator


def find(mapping: dict[str, Any] | None) -> Generator | None:
    """Return what generates the rows of a mapping, None where they come from a file."""
    return _generators.get((mapping or {}).get("format", ""))
