"""Excerpts of a file that people see before its rows are stored: redacted as those will be, short,
and removed with them.
"""

from typing import Any

import msgspec

from core.imports.cells import previews
from core.imports.models import Import
from core.imports.schemas import RowProblem
from core.ingest import redaction
from core.ingest.rows import Row

LONGEST_ROW = 2_000  # characters of JSON


def row(given: Row) -> dict[str, Any]:
    """Return a row as it would be stored, its long fields cut; raise Invalid for one that is nested
    too deeply.
    """
    redactor = redaction.current()
    plain = msgspec.to_builtins(given if redactor is None else redactor.row(given))
    present = _present(plain)
    if "messages" in present:
        present["messages"] = [_present(message) for message in present["messages"]]
    if _size(present) <= LONGEST_ROW:
        return present
    share = LONGEST_ROW // len(present)
    return {
        name: value if _size(value) <= share else previews.shown(value, share) + "…"
        for name, value in present.items()
    }


def texts(given: list[str]) -> list[str]:
    redactor = redaction.current()
    return given if redactor is None else [redactor.text(each) for each in given]


def problems(given: list[RowProblem]) -> list[RowProblem]:
    """Return problems, whose words may contain the value that is wrong."""
    errors = texts([each.error for each in given])
    return [
        each.model_copy(update={"error": error}) for each, error in zip(given, errors, strict=True)
    ]


def recognition(given: dict[str, Any]) -> dict[str, Any]:
    """Return what was recognized, as JSON."""
    columns = [
        column | {"samples": texts(column["samples"])} for column in given.get("columns", [])
    ]
    return given | {"columns": columns, "readings": texts(given.get("readings", []))}


def forget(row: Import) -> None:
    """Remove what an import holds of its file, but for the names of its columns."""
    row.dry_run = None
    if "columns" in row.recognition:  # rows that are made have none
        columns = [column | {"samples": []} for column in row.recognition["columns"]]
        row.recognition = row.recognition | {"columns": columns, "readings": []}


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, [], {})}


def _size(value: Any) -> int:  # noqa: ANN401  any JSON
    return len(msgspec.json.encode(value))
