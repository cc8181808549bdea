"""Begin a replay of a case of an evaluation: a new session asks its question again."""

from uuid import UUID

from sqlalchemy.orm import Session

from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform.ids import new_id
from core.playground import encrypted_texts, message_rows, queries, replays
from core.playground.errors import NoReplay, ReplayPromptTooLong
from core.playground.models import PlaygroundReplay
from core.playground.replay_schemas import CaseReplay, ReplaySource, StartedReplay
from core.playground.schemas import MAX_PROMPT_CHARS, Draft, NewPlaygroundMessage
from core.playground.service import answers
from core.playground.session_names import name_from


def start(
    core: Session, case: CaseReplay, source: ReplaySource, draft: Draft, *, actor: Actor
) -> StartedReplay:
    """Send what a case asks to a model, in a new session; it answers once this transaction is
    committed. Without a system prompt in `draft`, the default one is sent.

    Raises Forbidden, ReplayPromptTooLong, and what sending a message raises.
    """
    require(actor, Permission.RUN_MODELS)
    if len(draft.custom_prompt or "") > MAX_PROMPT_CHARS:
        raise ReplayPromptTooLong
    row = message_rows.create(core, new_id(), actor)
    row.name = encrypted_texts.seal(name_from(case.title), encrypted_texts.SESSIONS, "name", row.id)
    message_rows.store_draft(row, draft)
    replay = PlaygroundReplay(
        session_id=row.id,
        **source.model_dump(),
        texts=encrypted_texts.seal_case(case, row.id),
    )
    core.add(replay)
    # Without its checks: a case may be longer than a message that is typed
    message = NewPlaygroundMessage.model_construct(
        message=case.question, session_id=row.id, **dict(draft)
    )
    sent = answers.send(core, message, actor=actor)
    compared = replays.view_of_case(replay, case)
    return StartedReplay(**dict(compared), session_id=row.id, execution_id=UUID(sent.job_id))


def repeat(core: Session, session_id: UUID, draft: Draft, *, actor: Actor) -> StartedReplay:
    """Replay the case of a session of the actor with other settings, in a new session.

    Raises PlaygroundSessionMissing, NoReplay, and what `start` raises.
    """
    queries.get_row(core, session_id, owner=actor.id)
    row = queries.find_replay(core, session_id)
    case = encrypted_texts.case_of(row) if row else None
    if row is None or case is None or row.evaluation_id is None or row.case_id is None:
        raise NoReplay
    source = ReplaySource(
        evaluation_id=row.evaluation_id, case_id=row.case_id, conversation_id=row.conversation_id
    )
    return start(core, case, source, draft, actor=actor)
