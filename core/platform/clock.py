"""The time, in one place, so that tests can set it."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time, timezone-aware and in UTC."""
    return datetime.now(UTC)
