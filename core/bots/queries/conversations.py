"""Read the conversation that an answer of a bot belongs to."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.bots import encrypted_texts
from core.bots.errors import BotResultMissing
from core.bots.models import BotResult, ScenarioRun
from core.bots.queries.scenarios import list_answers
from core.bots.result_schemas import RunMode
from core.identity.schemas import Actor
from core.providers.schemas import ChatMessage, MessageRole


def get_row(session: Session, result_id: UUID, *, actor: Actor, lock: bool = False) -> BotResult:
    """Return the row of a result of the actor; raise BotResultMissing."""
    own = select(BotResult).where(BotResult.id == result_id, BotResult.user_id == actor.id)
    row = session.scalar(own.with_for_update() if lock else own)
    if row is None:
        raise BotResultMissing
    return row


def before(session: Session, row: BotResult) -> list[ChatMessage]:
    """Return the messages that an answer follows, its own last; raise BotResultMissing when it was
    deleted since it was read.
    """
    said = []
    if row.run_id is not None and row.test_scenario_id is not None:
        run = session.get(ScenarioRun, row.run_id)
        if run is None:
            raise BotResultMissing
        if RunMode(run.mode) is not RunMode.MESSAGES:
            earlier = list_answers(session, row.run_id, row.test_scenario_id)
            said = [each for each in earlier if each.position < row.position]
    return [*as_messages(said), _by_user(encrypted_texts.message_of(row))]


def as_messages(answers: list[BotResult]) -> list[ChatMessage]:
    """Return answers as the conversation that they are, in order."""
    messages = []
    for row in answers:
        response = ChatMessage(role=MessageRole.ASSISTANT, content=encrypted_texts.response_of(row))
        messages += [_by_user(encrypted_texts.message_of(row)), response]
    return messages


def problem_of(row: BotResult) -> str | None:
    """Return why there is no answer, None when there is one."""
    return encrypted_texts.details_of(row).problem


def is_analyzed(row: BotResult) -> bool:
    """Whether a judge was asked about an answer, or why none was is known."""
    has_problem = encrypted_texts.details_of(row).analysis_problem is not None
    return row.personality_analysis is not None or has_problem


def _by_user(text: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.USER, content=text)
