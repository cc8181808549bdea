"""The time, in one place: by the database's clock where this machine's differs, as all processes
go by what the others have written. Tests can set it.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

log = logging.getLogger("attune")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)  # the finest that Postgres stores
TOLERANCE = timedelta(seconds=1)
MOST_MS = 2**31 - 1  # 24 days: columns of milliseconds hold no more

ahead_by = timedelta()  # of this machine's clock, before the database's


def now() -> datetime:
    """Return the current time, timezone-aware and in UTC."""
    return datetime.now(UTC) - ahead_by


def ms_since(moment: datetime) -> int:
    """Return how many milliseconds ago a moment was, at most as many as a column holds."""
    return min(round((now() - moment) / timedelta(milliseconds=1)), MOST_MS)


def follow(read: Callable[[], datetime]) -> None:
    """Go by the clock that `read` shows, where this machine's differs by more than a second."""
    global ahead_by
    before = ahead_by
    earliest, shown, latest = datetime.now(UTC), read(), datetime.now(UTC)
    # It showed that somewhere in between, and reading it may have taken a while
    least = max(earliest - shown, timedelta()) or min(latest - shown, timedelta())
    ahead_by = least if abs(least) > TOLERANCE else timedelta()
    if abs(ahead_by - before) > TOLERANCE:
        log.warning(
            "this machine's clock is %+.0f s from the database's, which Attune goes by",
            ahead_by.total_seconds(),
        )
