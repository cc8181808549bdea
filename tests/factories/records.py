"""Imports and parsed records for tests."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.database.db import transaction
from core.imports.ingest import writing
from core.imports.ingest.chunks import Identity
from core.imports.models import Import
from core.imports.parsed import ParsedRow, RowKind
from core.imports.schemas import ImportStatus
from core.ingest.rows import RowSource
from core.platform import clock
from core.platform.ids import new_id

BEGAN = datetime(2026, 6, 1, tzinfo=UTC)
NEAR = clock.now().replace(microsecond=0) - timedelta(days=5)


def event(number: int, **given: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    """Return an event as a file contains it."""
    at = NEAR + timedelta(seconds=number)
    row = {
        "id": f"e{number}",
        "created_at": at.isoformat(),
        "event_type": "chat.session_start",
        "user_id": f"u{number % 7}",
    }
    return row | {"session_id": f"s{number % 11}"} | given


def ai_request(number: int, **given: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    """Return an AI request as a file contains it."""
    at = NEAR + timedelta(seconds=number)
    row = {
        "id": f"r{number}",
        "created_at": at.isoformat(),
        "model": f"m{number % 3}",
        "provider": "acme",
    }
    return row | {"total_latency_ms": number, "input_tokens": 10, "output_tokens": 2} | given


def parsed(rows: Iterable[dict[str, Any]], kind: RowKind = RowKind.EVENTS) -> Iterator[ParsedRow]:
    """Return rows as parsed records of a file."""
    for position, row in enumerate(rows, 1):
        yield ParsedRow(position, position + 1, kind, row)


def running(sha256: str = "a" * 64, **given: Any) -> UUID:  # noqa: ANN401  columns
    """Create a running import, and return its ID."""
    id_ = new_id()
    with transaction() as session:
        fixed = {
            "name": "rows.csv",
            "size_bytes": 1,
            "created_by_name": "ada@example.com",
            "status": ImportStatus.RUNNING,
        }
        session.add(Import(id=id_, sha256=sha256, **(fixed | given)))
    return id_


def stored(id_: UUID) -> Import:
    """Return the row of an import."""
    with transaction() as session:
        return session.scalars(select(Import).where(Import.id == id_)).one()


def write(rows: Iterable[ParsedRow], id_: UUID, **given: Any) -> bool:  # noqa: ANN401  write's own
    """Store rows as the import job does."""
    source = RowSource(environment="production", zone="UTC", import_id=id_, origin="import")
    row = stored(id_)
    run = writing.ImportRun(id_, row.started_at)
    return writing.write(rows, run, source, Identity(row.sha256, BEGAN), **given)
