"""A past: events and AI requests stored by the product's functions, and a clock that can be set."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from core.activity.ingest import events as activity
from core.activity.schemas import NewEvent
from core.ai_metrics.ingest import requests as ai_metrics
from core.ai_metrics.schemas import NewRequest
from core.database import partitions
from core.database.db import Database, transaction
from core.ingest.rows import RowSource
from core.platform import clock
from core.platform.ids import new_id
from core.scores import ingest as scores
from core.scores.schemas import NewScore


def days_ago(days: float) -> datetime:
    """Return noon of an earlier day, shifted by the fraction of a day."""
    return datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(
        days=days
    )


def events(*given: dict[str, object], zone: str = "UTC", environment: str = "production") -> int:
    """Store events; return how many were new."""
    rows = [msgspec.convert({"event_type": "page.view", **one}, NewEvent) for one in given]
    partitions.create_for(
        "user_activity_events", [row.created_at for row in rows if row.created_at]
    )
    with transaction() as session:
        return activity.store(session, rows, RowSource(environment, zone))


def requests(*given: dict[str, object], zone: str = "UTC") -> int:
    """Store AI requests; return how many were new."""
    rows = [
        msgspec.convert({"provider": "openai", "model": "gpt-4o", **one}, NewRequest)
        for one in given
    ]
    partitions.create_for("ai_request_metrics", [row.created_at for row in rows if row.created_at])
    with transaction() as session:
        return ai_metrics.store(session, rows, RowSource("production", zone))


def rated(rating: int, scale: str, at: datetime) -> None:
    """Store feedback."""
    columns = "id, rating, scale, environment, app, created_at"
    with transaction(Database.AI) as session:
        session.execute(
            text(
                f"insert into ai_feedback ({columns}) values (:id, :rating, :scale, "
                "'production', '', :at)"
            ),
            {"id": new_id(), "rating": rating, "scale": scale, "at": at},
        )


def scored(conversation_id: str, value: float | None, at: datetime, **fields: object) -> None:
    """Store a score of a conversation."""
    row = {
        "name": "helpfulness",
        "value": value,
        "conversation_id": conversation_id,
        "created_at": at.isoformat(),
        **fields,
    }
    with transaction() as session:
        scores.store(session, [msgspec.convert(row, NewScore)], RowSource("production", "UTC"))


def batch_run(job: str, status: str, at: datetime) -> UUID:
    """Store a run that started, reported and arrived at one time."""
    key = new_id()
    columns = (
        "id, batch_run_id, batch_job, environment, app, started_at, status, heard_at, received_at"
    )
    with transaction() as session:
        session.execute(
            text(
                f"insert into batch_run_history ({columns}) values (:id, :name, :job, "
                "'production', '', :at, :status, :at, :at)"
            ),
            {"id": key, "name": str(key), "job": job, "at": at, "status": status},
        )
    return key


def count(table: str, where: str = "true", database: Database = Database.CORE) -> int:
    """Return how many rows a table has."""
    with transaction(database) as session:
        return session.scalar(text(f"select count(*) from {table} where {where}")) or 0


def tasks(name: str, *statuses: str) -> int:
    """Return how often a task is in the queue, optionally with one of these statuses."""
    wanted = (
        "select count(*) from procrastinate_jobs where task_name = :name and (:anyhow or "
        "status::text = any(:statuses))"
    )
    with transaction() as session:
        return (
            session.scalar(
                text(wanted), {"name": name, "anyhow": not statuses, "statuses": list(statuses)}
            )
            or 0
        )


def daily(metric: str, day: datetime, **dimensions: str) -> float | None:
    """Return a figure of a day, or None."""
    wanted = text(
        "select metric_value from daily_metrics where (date, metric_type, dimensions) = "
        "(cast(:day as date), :metric, cast(:given as jsonb))"
    )
    given = msgspec.json.encode({"environment": "production", **dimensions}).decode()
    with transaction() as session:
        found = session.scalar(wanted, {"day": day.date(), "metric": metric, "given": given})
    return None if found is None else float(found)


def at(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the clock."""
    monkeypatch.setattr(clock, "now", lambda: moment)
    partitions.clear_cache()
