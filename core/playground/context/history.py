"""The messages of a session that are sent as context."""

from collections.abc import Sequence
from itertools import islice
from uuid import UUID

from sqlalchemy.orm import Session

from core.attachments import queries as attachments
from core.attachments.schemas import FileForm
from core.executions import queries as executions
from core.executions.schemas import MAX_MESSAGES
from core.identity.schemas import Actor
from core.playground import queries, replays
from core.playground.branches import queries as shown
from core.playground.schemas import PlaygroundMessageView
from core.providers.schemas import ChatMessage, MessageRole


def before_message(
    session: Session,
    session_id: UUID,
    parent: int,
    turns: int | None,
    form: FileForm,
    *,
    actor: Actor,
) -> tuple[ChatMessage, ...]:
    """Return the last turns of the branch that ends at the position `parent`, None for all, with
    those that a replay begins with.
    """
    replayed = replays.context(session, session_id, actor=actor)
    said = _sendable(session, session_id, shown.list_until(session, session_id, parent), form)
    return last_turns((*replayed, *said), turns)[-MAX_MESSAGES:]


def before_answer(
    session: Session,
    session_id: UUID,
    execution_id: UUID,
    earlier: Sequence[PlaygroundMessageView],
    form: FileForm,
) -> tuple[ChatMessage, ...]:
    """Return what an answer was given to: as many turns of `earlier` as its call was sent."""
    turns = executions.count_turns(session, execution_id)
    return last_turns(_sendable(session, session_id, earlier, form), turns)


def _sendable(
    session: Session, session_id: UUID, messages: Sequence[PlaygroundMessageView], form: FileForm
) -> tuple[ChatMessage, ...]:
    # Files are long and encrypted, so they are read only when there are any
    has_files = any(message.attachments for message in messages)
    files = attachments.list_for_models(session, session_id) if has_files else {}
    return queries.sendable(messages, files, form)


def last_turns(messages: tuple[ChatMessage, ...], turns: int | None) -> tuple[ChatMessage, ...]:
    """Return the messages from the user's `turns`-th last one on, all for None."""
    if turns is None:
        return messages
    if turns == 0:
        return ()
    asked_at = (
        place
        for place in reversed(range(len(messages)))
        if messages[place].role is MessageRole.USER
    )
    return messages[next(islice(asked_at, turns - 1, None), 0) :]
