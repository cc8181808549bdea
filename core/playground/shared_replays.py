"""Replays that others share, for accounts that review and run no models."""

from sqlalchemy.orm import Session

from core.conversations.queries import conversations
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.playground import replays
from core.playground.branches import queries as shown
from core.playground.models import PlaygroundReplay
from core.playground.replay_schemas import SharedReplay
from core.playground.sharing import queries as sharing


def list_shared_replays(
    core: Session, ai: Session, conversation: str, *, actor: Actor
) -> list[SharedReplay]:
    """Return the replays of a conversation's answers that others share with the actor, the newest
    first. Their prompts and settings are not a part of them.

    Raises Forbidden or ConversationMissing.
    """
    require(actor, Permission.READ_CONTENTS)
    conversation_id = conversations.get_id(core, conversation)
    rows = sharing.list_shared_replays(core, conversation_id, account=actor.id)
    return [_view(core, ai, row, owner, actor) for row, owner in rows]


def _view(
    core: Session, ai: Session, row: PlaygroundReplay, owner: str, actor: Actor
) -> SharedReplay:
    answer = replays.find_new_answer(shown.list_shown(core, row.session_id))
    return SharedReplay(
        **dict(replays.view(core, ai, row, actor=actor)),
        session_id=row.session_id,
        shared_by=owner,
        new_answer=answer.content if answer else None,
        new_model=answer.service_used if answer else None,
        created_at=row.created_at,
    )
