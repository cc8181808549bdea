"""Begin a replay: an answer of a conversation is given again, by another model or prompt."""

from uuid import UUID

from sqlalchemy.orm import Session

from core.annotations.queries.annotation_list import get_annotation
from core.conversations.errors import MessageMissing
from core.conversations.queries import conversations, message_texts
from core.conversations.queries.message_texts import AnswerText
from core.conversations.schemas import MessageSpeaker
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.platform.ids import new_id
from core.playground import answering, encrypted_texts, message_rows, replays
from core.playground.errors import NotReplayable, ReplayPromptTooLong
from core.playground.models import PlaygroundReplay, PlaygroundSession
from core.playground.replay_schemas import NewReplay, StartedReplay
from core.playground.schemas import MAX_PROMPT_CHARS, Draft, NewPlaygroundMessage
from core.playground.service import answers
from core.playground.session_names import name_from
from core.prompts.calls import RenderRequest
from core.prompts.queries.parameters import with_defaults
from core.prompts.queries.system_prompts import render_system_prompt
from core.prompts.service.default_prompt import read_default_prompt
from core.prompts.views import RenderedPrompt


def start(core: Session, ai: Session, new_replay: NewReplay, *, actor: Actor) -> StartedReplay:
    """Send what came before an answer to a model, in a new session; it answers once this
    transaction is committed.

    Raises Forbidden, ConversationMissing, MessageMissing, MessageAmbiguous, AnnotationMissing,
    NotReplayable, ReplayPromptTooLong, and what rendering a prompt and sending a message raise.
    """
    require(actor, Permission.READ_CONTENTS)
    require(actor, Permission.RUN_MODELS)
    answer = _answer(core, ai, new_replay, actor=actor)
    asked = replays.replay_context(core, answer, actor=actor)
    if answer.role != MessageSpeaker.ASSISTANT or not asked.question:
        raise NotReplayable
    draft = _draft(core, new_replay, answer, asked.system_prompt, actor=actor)
    row = _add_session(core, answer, draft, actor=actor)
    replay = PlaygroundReplay(
        session_id=row.id,
        conversation_id=answer.conversation_id,
        message_id=answer.id,
        annotation_id=new_replay.annotation_id,
    )
    core.add(replay)
    # Without its checks: a message of production may be longer than one that is typed
    message = NewPlaygroundMessage.model_construct(
        message=asked.question, session_id=row.id, **dict(draft)
    )
    sent = answers.send(core, message, actor=actor)
    opened = {"conversation": str(answer.conversation_id), "message": str(answer.id)}
    audit.record(core, "conversation.replay", actor, targets=opened)
    compared = replays.view(core, ai, replay, actor=actor)
    return StartedReplay(**dict(compared), session_id=row.id, execution_id=UUID(sent.job_id))


def _answer(core: Session, ai: Session, new_replay: NewReplay, *, actor: Actor) -> AnswerText:
    if new_replay.annotation_id is not None:
        message_id = get_annotation(ai, new_replay.annotation_id, actor=actor).message_id
    elif new_replay.conversation_id is None:
        message_id, _, _ = conversations.get_place(core, new_replay.message_id or "")
    else:
        message_id = _within(core, new_replay.conversation_id, new_replay, actor=actor)
    answer = message_texts.find_answer(core, message_id, actor=actor)
    if answer is None:
        raise MessageMissing
    return answer


def _within(core: Session, conversation: str, new_replay: NewReplay, *, actor: Actor) -> UUID:
    conversation_id = conversations.get_id(core, conversation)
    if new_replay.turn is not None:
        return message_texts.get_turn(core, conversation_id, new_replay.turn, actor=actor)
    summary = conversations.get_conversation(core, conversation_id, actor=actor)
    position = conversations.get_position(core, summary, new_replay.message_id or "")
    return message_texts.get_at(core, conversation_id, position, actor=actor)


def _draft(
    core: Session, new_replay: NewReplay, answer: AnswerText, system_prompt: str, *, actor: Actor
) -> Draft:
    """Return the settings of the session: the requested ones, else those of the answer."""
    template = new_replay.template_id
    rendered = _rendered(core, template, new_replay, actor=actor) if template else None
    text = rendered.system_prompt if rendered else new_replay.system_prompt or system_prompt
    text = text or ""
    if len(text) > MAX_PROMPT_CHARS:
        raise ReplayPromptTooLong
    default = read_default_prompt(core, actor=actor)
    model = new_replay.model_id or (rendered and rendered.model_id) or _model(core, answer.model)
    own = new_replay.parameters
    return Draft(
        model=model,
        # Callers could not unset defaults of a prompt that this model does not take
        parameters=with_defaults(core, rendered, own, model_id=model) if rendered else own,
        custom_prompt=text if text.strip() not in ("", default.strip()) else None,
        cost_limit_usd=new_replay.cost_limit_usd,
    )


def _model(core: Session, name: str | None) -> str:
    """Return the model that answered when it can be called, else the default model."""
    return (name and replays.callable_model(core, name)) or answering.default_model(core)


def _rendered(
    core: Session, reference: str, new_replay: NewReplay, *, actor: Actor
) -> RenderedPrompt:
    request = RenderRequest(label=new_replay.template_label, variables=new_replay.variables)
    return render_system_prompt(core, reference, request, actor=actor)


def _add_session(
    core: Session, answer: AnswerText, draft: Draft, *, actor: Actor
) -> PlaygroundSession:
    summary = conversations.get_conversation(core, answer.conversation_id, actor=actor)
    name = name_from(f"Replay: {summary.title or summary.opening or summary.external_id}")
    row = message_rows.create(core, new_id(), actor)
    row.name = encrypted_texts.seal(name, encrypted_texts.SESSIONS, "name", row.id)
    message_rows.store_draft(row, draft)
    return row
