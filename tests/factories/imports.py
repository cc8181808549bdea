"""Rows of all kinds, as an import or as live senders bring them; and everything that the databases then hold."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from core import outbox, partitions
from core.activity import ingest as activity
from core.activity import jobs as activity_jobs
from core.activity import users
from core.activity.schemas import NewEvent, NewUser
from core.ai_metrics import ingest as ai_metrics
from core.ai_metrics import jobs as ai_metrics_jobs
from core.ai_metrics.schemas import NewRequest
from core.batches import ingest as batches
from core.batches.schemas import NewBatchRun
from core.conversations import ingest as conversations
from core.conversations.schemas import NewConversation
from core.db import Database, Session, engines, transaction
from core.intake import Row, Source
from core.knowledge import documents, feedback, jobs, memories
from core.knowledge.schemas import NewDocument, NewFeedback, NewMemory

HANDLERS = jobs.rate.__name__  # the import registers the handlers


@dataclass(frozen=True)
class Kind:
    """How one kind of row is read and stored."""

    row: type[Row]
    store: Callable[[Session, list[Any], Source], int]
    parent: str | None = None
    database: Database = Database.CORE


KINDS = {
    "event": Kind(NewEvent, activity.store, "user_activity_events"),
    "request": Kind(NewRequest, ai_metrics.store, "ai_request_metrics"),
    "user": Kind(NewUser, users.store),
    "conversation": Kind(NewConversation, conversations.store),
    "batch_run": Kind(NewBatchRun, batches.store),
    "feedback": Kind(NewFeedback, feedback.store, database=Database.AI),
    "document": Kind(NewDocument, documents.store, database=Database.AI),
    "memory": Kind(NewMemory, memories.store, database=Database.AI),
}
# When it came, in what order, and what is on its way; nothing else may differ.
NOT_COMPARED = {"alembic_version", "audit_log", "outbox", "settings", "heartbeats"}
ARRIVALS = ("received_at", "heard_at")
CAME = {"users": ("created_at",), "funnel_parts": ("former_owner",)}


def send(kind: str, *given: dict[str, Any], import_id: UUID | None = None) -> int:
    """Store rows of one kind in one batch: those of an import, or of somebody who sends them live."""
    chosen = KINDS[kind]
    rows = [msgspec.convert(one, chosen.row) for one in given]
    if chosen.parent is not None:
        partitions.make_for(chosen.parent, [row.created_at for row in rows if row.created_at])
    source = Source("production", "UTC", import_id=import_id, origin="import" if import_id else "api")
    with transaction(chosen.database) as session:
        return chosen.store(session, rows, source)


def settle() -> None:
    """Let everything that waits be done: outboxes, and the folding of rollups."""
    while any([outbox.relay(database) for database in Database]):
        pass
    activity_jobs.fold(0)
    ai_metrics_jobs.fold(0)


def dump() -> dict[str, list[str]]:
    """Return every row of both databases, in order, but for when it came."""
    settle()
    found: dict[str, list[str]] = {}
    for engine in (engines().core, engines().ai):
        with engine.begin() as connection:
            names = connection.scalars(text("select tablename from pg_tables where schemaname = 'public'")).all()
            parts = set(connection.scalars(text("select relname from pg_class where relispartition")).all())
            for name in names:
                if name not in NOT_COMPARED and name not in parts and not name.startswith("procrastinate"):
                    left_out = [*ARRIVALS, *CAME.get(name, ())]
                    rows = text(f"select (to_jsonb(t) - cast(:out as text[]))::text as row from {name} as t order by 1")  # noqa: S608
                    found[f"{engine.url.database}.{name}"] = list(connection.scalars(rows, {"out": left_out}))
    return found


def differences(was: dict[str, list[str]], is_now: dict[str, list[str]]) -> str:
    """Return what is in one and not in the other, a row a line; nothing when they are equal."""
    lines = []
    for name in was:
        lines += [f"{name} is missing {row}" for row in sorted(set(was[name]) - set(is_now[name]))]
        lines += [f"{name} is left with {row}" for row in sorted(set(is_now[name]) - set(was[name]))]
    return "\n".join(lines)


def stamp(at: datetime) -> str:
    """Return a time as senders write it."""
    return at.isoformat()
