"""Conversations as programs send them, and as they are stored."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import text

from core.conversations.ingest import conversations
from core.conversations.schemas import NewConversation
from core.database.db import transaction
from core.ingest.rows import RowSource

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
SOURCE = RowSource(environment="production", zone="UTC")
TABLES = {
    "conversations": "id, user_id, session_type, title, status, context, message_count, "
    "total_tokens, total_cost_usd, "
    "environment, app, release, told, last_message_at, created_at",
    "messages": (
        "id, conversation_id, position, sequence, role, content, model, tokens, cost_usd, error, "
        "metadata, created_at"
    ),
    "users": "id, external_id, first_seen_at, last_seen_at",
    "user_days": "day, environment, app, user_id",
}


def message(number: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401  whatever a program sends
    """Return a message: the user's if its number is even, a minute after the previous one."""
    role = "assistant" if number % 2 else "user"
    at = (START + timedelta(minutes=number)).isoformat()
    return {"id": f"m{number}", "role": role, "content": f"text {number}", "created_at": at, **more}


def conversation(name: str = "c", messages: int = 2, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a conversation with this many messages."""
    return {
        "id": name,
        "user_id": f"user of {name}",
        "messages": [message(number) for number in range(messages)],
        **more,
    }


def stored(*given: dict[str, Any], source: RowSource = SOURCE) -> int:
    """Store conversations in one batch."""
    rows = msgspec.convert(list(given), list[NewConversation])
    with transaction() as session:
        return conversations.store(session, rows, source)


def stored_at_once(batches: list[list[dict[str, Any]]], *, writers: int) -> None:
    """Store batches, several concurrently."""
    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(lambda batch: stored(*batch), batches))


def tables() -> dict[str, list[tuple[Any, ...]]]:
    """Return all stored rows, without their arrival times."""
    with transaction() as session:
        return {
            name: [
                tuple(row)
                for row in session.execute(text(f"select {columns} from {name} order by {columns}"))
            ]
            for name, columns in TABLES.items()
        }


def one(column: str, table: str = "conversations") -> Any:  # noqa: ANN401  whatever stands there
    """Return a column of the only row."""
    with transaction() as session:
        return session.execute(text(f"select {column} from {table}")).scalar_one()


def column(name: str, table: str = "messages", *, by: str = "position") -> list[Any]:
    """Return a column of all rows, in order."""
    with transaction() as session:
        return list(session.scalars(text(f"select {name} from {table} order by {by}")))


def forget() -> None:
    """Delete everything."""
    with transaction() as session:
        for name in ("messages", "conversations", "users", "user_days"):
            session.execute(text(f"delete from {name}"))
