"""Rows of all kinds, as an import or as programs send them; and the complete content of the
databases.
"""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Engine, text

from core.activity import jobs as activity_jobs
from core.activity.ingest import events as activity
from core.activity.ingest import users
from core.activity.ingest.event_codes import event_types
from core.activity.schemas import NewEvent, NewUser
from core.ai_metrics import jobs as ai_metrics_jobs
from core.ai_metrics.ingest import requests as ai_metrics
from core.ai_metrics.schemas import NewRequest
from core.batches import ingest as batches
from core.batches.schemas import NewBatchRun
from core.conversations.ingest import conversations
from core.conversations.schemas import NewConversation
from core.database import partitions
from core.database.connections import engines
from core.database.db import Database, Session, transaction
from core.ingest.rows import Row, RowSource
from core.jobs import outbox
from core.knowledge import jobs
from core.knowledge.documents import ingest as documents
from core.knowledge.feedback import ingest as feedback
from core.knowledge.memories import ingest as memories
from core.knowledge.schemas import NewDocument, NewFeedback, NewMemory
from core.scores import ingest as scores
from core.scores import jobs as scores_jobs
from core.scores.schemas import NewScore
from tests import emptying
from tests.factories.history import days_ago

HANDLERS = jobs.rate.__name__, scores_jobs.link.__name__  # the import registers the handlers


@dataclass(frozen=True)
class Kind:
    """How one kind of row is parsed and stored."""

    row: type[Row]
    store: Callable[[Session, list[Any], RowSource], int]
    parent: str | None = None
    database: Database = Database.CORE


KINDS = {
    "event": Kind(NewEvent, activity.store, "user_activity_events"),
    "request": Kind(NewRequest, ai_metrics.store, "ai_request_metrics"),
    "user": Kind(NewUser, users.store),
    "conversation": Kind(NewConversation, conversations.store),
    "batch_run": Kind(NewBatchRun, batches.store),
    "feedback": Kind(NewFeedback, feedback.store, database=Database.AI),
    "score": Kind(NewScore, scores.store),
    "document": Kind(NewDocument, documents.store, database=Database.AI),
    "memory": Kind(NewMemory, memories.store, database=Database.AI),
}
# When it came, in what order, and what is on its way; nothing else may differ.
NOT_COMPARED = {"alembic_version", "audit_log", "outbox", "settings", "heartbeats"}
# Each call of the API counts
NOT_COMPARED |= {"rate_limit_windows"}
# A type of event that was once received stays one
NOT_COMPARED |= {"event_types", "funnel_events"}
# A value that once had rollups of its own keeps them
NOT_COMPARED |= {"ai_dimension_values"}
BEGAN = days_ago(5).isoformat()
ARRIVALS = ("received_at", "heard_at", "requests_due_at")
CAME = {
    "users": ("created_at",),
    "funnel_parts": ("former_owner",),
    "user_spans": ("previous_day",),
}


def send(
    kind: str, *given: dict[str, Any], import_id: UUID | None = None, defers: bool = False
) -> int:
    """Store rows of one kind in one batch, from an import or from a program; what is derived from a
    program's events may be left to the worker.
    """
    chosen = KINDS[kind]
    rows = [msgspec.convert(one, chosen.row) for one in given]
    if chosen.parent is not None:
        partitions.create_for(chosen.parent, [row.created_at for row in rows if row.created_at])
    origin = "import" if import_id else "api"
    source = RowSource("production", "UTC", import_id=import_id, origin=origin, defers=defers)
    with transaction(chosen.database) as session:
        return chosen.store(session, rows, source)


def settle() -> None:
    """Deliver outboxes and fold rollups."""
    while any([outbox.relay(database) for database in Database]):
        pass
    activity_jobs.fold(0)
    ai_metrics_jobs.fold(0)
    scores_jobs.note_requests(0)


def dump() -> dict[str, list[str]]:
    """Return every row of both databases, in order, without arrival times."""
    settle()
    return rows_by_table((engines.current().core, engines.current().ai))


def rows_by_table(
    databases: Iterable[Engine], *, but: Set[str] = frozenset()
) -> dict[str, list[str]]:
    """Return every row of some databases, in order, without arrival times and without some
    tables.
    """
    found: dict[str, list[str]] = {}
    for engine in databases:
        with engine.begin() as connection:
            names = connection.scalars(
                text("select tablename from pg_tables where schemaname = 'public'")
            ).all()
            parts = set(
                connection.scalars(text("select relname from pg_class where relispartition")).all()
            )
            for name in names:
                if name not in NOT_COMPARED | but | parts and not name.startswith("procrastinate"):
                    left_out = [*ARRIVALS, *CAME.get(name, ())]
                    rows = text(
                        "select (to_jsonb(t) - cast(:out as text[]))::text as row from "
                        f"{name} as t order by 1"
                    )
                    found[f"{engine.url.database}.{name}"] = list(
                        connection.scalars(rows, {"out": left_out})
                    )
    return found


def differences(was: dict[str, list[str]], is_now: dict[str, list[str]]) -> str:
    """Return the rows that only one of two dumps has, one per line; empty when they are equal."""
    lines = []
    for name in was:
        lines += [f"{name} is missing {row}" for row in sorted(set(was[name]) - set(is_now[name]))]
        lines += [
            f"{name} is left with {row}" for row in sorted(set(is_now[name]) - set(was[name]))
        ]
    return "\n".join(lines)


def row(kind: str, number: int, *, days: float = 3.0, by: str = "") -> dict[str, Any]:
    """Return a row of a kind; users, sessions and conversations are few, so that rows of different
    senders share them.

    Of two rows about the same thing, the one with the higher number is newer.
    """
    return MADE[kind](number, f"{by}{number}", days_ago(days) + timedelta(minutes=7 * number))


def _event(number: int, name: str, at: datetime) -> dict[str, Any]:
    steps = (
        "onboarding.register_start",
        "onboarding.register_complete",
        "onboarding.login_success",
        "page.view",
    )
    named = {"user_id": f"u{number % 4}"} if number % 3 else {}
    session = {"session_id": f"s{number % 5}"}
    return {
        "id": name,
        "event_type": steps[number % 4],
        "release": f"{number % 2}.0",
        "created_at": at.isoformat(),
        **named,
        **session,
    }


def _request(number: int, name: str, at: datetime) -> dict[str, Any]:
    return {
        "id": name,
        "model": f"m{number % 2}",
        "provider": "openai",
        "release": f"{number % 3}.0",
        "user_id": f"u{number % 4}",
        "created_at": at.isoformat(),
        "total_latency_ms": 100 * number,
        "first_token_ms": 10,
        "input_tokens": number,
        "tool_calls": [{"name": "search", "duration_ms": 10 * number}] if number % 2 else None,
        "prompt": {"name": "support", "version": number % 3},
        "experiment": {"key": "tone", "arm": "ab"[number % 2]},
    }


def _user(number: int, name: str, at: datetime) -> dict[str, Any]:
    return {
        "id": f"u{number % 4}",
        "email": f"{name}@x",
        "traits": {f"t{number % 3}": name},
        "created_at": at.isoformat(),
    }


def _conversation(number: int, name: str, at: datetime) -> dict[str, Any]:
    return {
        "id": f"c{number % 4}",
        "user_id": f"u{number % 4}",
        "title": f"title {name}",
        "release": f"{number % 2}.0",
        "messages": [_message(name, each, at) for each in range(number % 3)],
        "created_at": at.isoformat(),
        "updated_at": at.isoformat(),
    }


def _message(name: str, place: int, began: datetime) -> dict[str, Any]:
    at = began + timedelta(hours=place)
    return {
        "id": f"m{name}.{place}",
        "role": "user",
        "content": f"text {name}",
        "created_at": at.isoformat(),
        "tokens": 3,
        "prompt": {"name": "support", "version": place},
    }


def _batch_run(number: int, name: str, at: datetime) -> dict[str, Any]:
    del name
    return {
        "batch_run_id": f"r{number % 3}",
        "status": "running",
        "started_at": at.isoformat(),
        "updated_at": at.isoformat(),
        "completed_jobs": number,
        "phase_durations": {f"p{number % 2}": number},
        "error_summary": f"error {number}" if number % 2 else {"code": number},
    }


def _feedback(number: int, name: str, at: datetime) -> dict[str, Any]:
    del name
    return {
        "id": f"f{number % 4}",
        "rating": 1 + number % 5,
        "scale": "five",
        "conversation_id": f"c{number % 4}",
        "created_at": at.isoformat(),
    }


def _score(number: int, name: str, at: datetime) -> dict[str, Any]:
    subjects: list[dict[str, str]] = [
        {"conversation_id": f"c{number % 4}"},
        {"message_id": f"m{number}.1"},
        {"ai_request_id": name},
    ]
    return {
        "id": f"s{number % 5}",
        "name": "helpfulness",
        "value": number / 10,
        "created_at": at.isoformat(),
        **subjects[number % 3],
    }


def _document(number: int, name: str, at: datetime) -> dict[str, Any]:
    told = {"title": name, "content": f"text {name}"}
    return {"id": f"d{number % 3}", **told, "created_at": BEGAN, "updated_at": at.isoformat()}


def _memory(number: int, name: str, at: datetime) -> dict[str, Any]:
    told = {"user_id": "u1", "content": f"text {name}"}
    return {"id": f"k{number % 3}", **told, "created_at": BEGAN, "updated_at": at.isoformat()}


MADE: dict[str, Callable[[int, str, datetime], dict[str, Any]]] = {
    "event": _event,
    "request": _request,
    "user": _user,
    "conversation": _conversation,
    "batch_run": _batch_run,
    "feedback": _feedback,
    "score": _score,
    "document": _document,
    "memory": _memory,
}


def rows(kind: str, numbers: range, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401  as row() takes it
    """Return several rows of a kind."""
    return [row(kind, number, **more) for number in numbers]


def empty_everything() -> None:
    """Delete all rows."""
    event_types.forget()
    emptying.empty_tables()
