"""The tables that loaded rows fill, left as autovacuum would leave them after a while."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from core.database.connections import engines

RAW = (
    "user_activity_events",
    "ai_request_metrics",
    "user_days",
    "event_rollups",
    "ai_request_rollups",
    "ai_dimension_rollups",
    "tool_rollups",
    "tool_dimension_rollups",
)
DERIVED = (
    "user_spans",
    "user_day_counts",
    "user_week_counts",
    "users",
    "funnel_parts",
    "subjects",
    "message_scores",
)


def vacuum(tables: Sequence[str]) -> None:
    """Leave the tables as autovacuum would after a while."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(_vacuum_one, tables))


def _vacuum_one(table: str) -> None:
    with (
        engines.current()
        .core.connect()
        .execution_options(isolation_level="AUTOCOMMIT") as connection
    ):
        connection.execute(text("set statement_timeout = 0"))
        connection.execute(text(f"vacuum analyze {table}"))
