"""Mark batch runs as lost when they stop reporting."""

from datetime import timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from core.batches.models import BatchRunRecord
from core.batches.schemas import BatchStatus
from core.database.settings import Workspace, read
from core.platform import clock


def give_up_silent(session: Session) -> int:
    """Mark running runs as lost that have not reported for the configured time; return how many.

    A later report makes them running again. A run with an end time keeps the status that was sent.
    """
    since = clock.now() - timedelta(minutes=read(session, Workspace).batch_silence_minutes)
    has_no_end = BatchRunRecord.completed_at.is_(None)
    silent = update(BatchRunRecord).where(
        BatchRunRecord.status == BatchStatus.RUNNING, BatchRunRecord.heard_at < since, has_no_end
    )
    return cast(
        "CursorResult[Any]", session.execute(silent.values(status=BatchStatus.LOST))
    ).rowcount
