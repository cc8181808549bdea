"""Defer the jobs of an execution: its delivery to the service, and its timeout."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.jobs import queue
from core.platform.config import config

DELIVER, FAIL_OVERDUE = "services.deliver", "services.fail_overdue"
RETRY_WAITS = tuple(timedelta(seconds=seconds) for seconds in (1, 4, 15))


def begin(
    session: Session,
    execution_id: UUID,
    callback_params: dict[str, Any],
    *,
    files: Sequence[str] = (),
) -> None:
    """Have the worker send the job once this transaction is committed, and end it in time.

    Before it, the attached files of these IDs are sent.
    """
    _deliver(session, execution_id, callback_params, files, attempt=0)
    # The periodic run alone would be up to a minute late.
    limit = timedelta(seconds=config().service_timeout_s)
    queue.defer(session, FAIL_OVERDUE, after=limit, timestamp=0)


def later(
    session: Session,
    execution_id: UUID,
    callback_params: dict[str, Any],
    files: Sequence[str],
    attempt: int,
) -> None:
    """Have the worker send the job again after a failed attempt, counted from 0."""
    wait = RETRY_WAITS[attempt]
    _deliver(session, execution_id, callback_params, files, attempt=attempt + 1, after=wait)


def _deliver(
    session: Session,
    execution_id: UUID,
    callback_params: dict[str, Any],
    files: Sequence[str],
    *,
    attempt: int,
    after: timedelta | None = None,
) -> None:
    queue.defer(
        session,
        DELIVER,
        after=after,
        execution_id=str(execution_id),
        callback_params=callback_params,
        attempt=attempt,
        files=list(files),
    )
