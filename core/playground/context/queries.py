"""Texts of others in a session, after which tools that change data wait for a confirmation."""

from uuid import UUID

from sqlalchemy import and_, func, not_, or_, select
from sqlalchemy.orm import Session, aliased

from core.attachments import queries as attachments
from core.executions import encrypted_texts
from core.executions.models import Execution
from core.executions.service import text_removal
from core.playground.encrypted_texts import draft_of
from core.playground.models import PlaygroundMessage, PlaygroundSession


def has_untrusted_texts(session: Session, session_id: UUID) -> bool:
    """Return whether a session has texts of others, in any branch: files, results of tools,
    or messages that were imported or forked, or that a service answered; or a system prompt that
    was imported or forked. Replays have no tools.
    """
    row = session.get_one(PlaygroundSession, session_id)
    # The last check decrypts every call of the session, so the others come first
    return (
        draft_of(row).has_prompt_of_others
        or attachments.has_any(session, session_id)
        or _has_messages_of_others(session, session_id)
        or _has_removed_results(session, session_id)
        or _has_untrusted_results(session, session_id)
    )


def _has_messages_of_others(session: Session, session_id: UUID) -> bool:
    """Return whether a message is neither a model's answer in this session nor its question."""
    answer = aliased(PlaygroundMessage)
    is_question = (
        select(answer.id)
        .where(
            answer.session_id == session_id,
            # That of an imported question, which is answered again, begins after it was stored
            answer.execution_id < PlaygroundMessage.id,
            func.coalesce(answer.parent_position, answer.position - 1)
            == PlaygroundMessage.position,
        )
        .exists()
    )
    was_brought = and_(PlaygroundMessage.execution_id.is_(None), not_(is_question))
    of_others = (
        select(PlaygroundMessage.id)
        .outerjoin(Execution, Execution.id == PlaygroundMessage.execution_id)
        .where(
            PlaygroundMessage.session_id == session_id,
            or_(was_brought, Execution.service_id.is_not(None)),
        )
    )
    return session.scalar(of_others.limit(1)) is not None


def _has_removed_results(session: Session, session_id: UUID) -> bool:
    """Return whether tools were called whose results are no longer stored; any may have been
    untrusted.
    """
    called = (Execution.session_id == session_id, Execution.tools == text_removal.CALLED_TOOLS)
    return session.scalar(select(Execution.id).where(*called).limit(1)) is not None


def _has_untrusted_results(session: Session, session_id: UUID) -> bool:
    called = (Execution.session_id == session_id, Execution.tool_executions.is_not(None))
    executions = session.scalars(select(Execution).where(*called))
    return any(
        call.is_untrusted
        for it in executions
        for call in encrypted_texts.open_tools(it.tool_executions, it.id)
    )
