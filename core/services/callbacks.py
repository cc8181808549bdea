"""Callbacks of services: the job that they name decides what changes, never their parameters."""

from uuid import UUID

from sqlalchemy.orm import Session

from core.database.tables import storable
from core.executions.schemas import ExecutionError
from core.executions.service import service_calls
from core.services import production, service
from core.services.schemas import Callback, CallbackStatus, VerifiedService

EMPTY = "The service completed the job without an answer."
FAILED = "The service reported a failure."


def receive(session: Session, sender: VerifiedService, callback: Callback) -> UUID | None:
    """Apply a callback; return the execution that it ended, or None.

    Callbacks of unknown jobs, of another service's jobs, and repeated ones change nothing.
    """
    ended = _apply(session, sender, callback)
    service.note_callback(session, sender.id)  # last: executions are locked before their service
    return ended


def _apply(session: Session, sender: VerifiedService, callback: Callback) -> UUID | None:
    execution_id = _execution_id(callback)
    error = error_of(callback)
    if execution_id is not None:
        changed = service_calls.finish(
            session, execution_id, sender.id, answer=callback.answer, error=error
        )
        if changed is not None:
            return execution_id if changed else None
    # Jobs of Attune have a source, which their callbacks send back
    if sender.production and callback.callback_params.source is None:
        production.complete(session, callback, error)
    return None


def error_of(callback: Callback) -> ExecutionError | None:
    """Return why a job failed, or None for one with an answer."""
    if callback.answer is not None:
        return None
    is_empty = callback.status is CallbackStatus.COMPLETED
    reason, words = ("empty_answer", EMPTY) if is_empty else ("service_failed", FAILED)
    detail = words if is_empty or not callback.reason else f"{FAILED[:-1]}: {callback.reason}"
    # A callback refused for a NUL in its reason would leave the job to its timeout
    return ExecutionError(code="provider_failed", reason=reason, detail=storable(detail))


def _execution_id(callback: Callback) -> UUID | None:
    try:
        return UUID(str(callback.job_id))
    except ValueError:
        return None
