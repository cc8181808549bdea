"""How many earlier turns of a session are sent with its next message."""

import json
from typing import Any
from uuid import UUID

import pytest

from core.database.db import transaction
from core.executions import encrypted_texts
from core.executions import runner as runners
from core.executions.models import Execution
from core.executions.runner import Runner
from core.identity.schemas import Role
from core.playground.schemas import SentMessage
from core.playground.service import answers
from core.tools import confirmations
from tests.api.tools.test_tools import store_document
from tests.factories.executions import ended
from tests.factories.identity import Person, person
from tests.factories.playground import answered, messages_of


@pytest.fixture
def one(runner: Runner) -> Person:
    return person(Role.ADMIN)


def sent_with(job_id: str) -> list[str]:
    """Return the texts of the messages that a call was sent before its prompt."""
    with transaction() as session:
        row = session.get_one(Execution, UUID(job_id))
        return [each.content for each in encrypted_texts.open_messages(row.messages, row.id)]


def asked(one: Person, *questions: str) -> SentMessage:
    """Ask one after the other in one session; return the last."""
    sent = None
    for question in questions:
        session_id = sent.session_id if sent else None
        sent = answered(one.actor, question, custom_prompt="Hi", session_id=session_id)
    assert sent is not None
    return sent


def echo(question: str) -> str:
    return f"Fake answer: {question} (prompt: Hi)"


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (None, ["a", echo("a"), "b", echo("b")]),
        (0, []),
        (1, ["b", echo("b")]),
        (2, ["a", echo("a"), "b", echo("b")]),
        (9, ["a", echo("a"), "b", echo("b")]),
    ],
)
def test_a_model_gets_exactly_the_turns_that_were_set(
    one: Person, turns: int | None, expected: list[str]
) -> None:
    session_id = asked(one, "a", "b").session_id
    sent = answered(one.actor, "c", session_id=session_id, history_turns=turns)
    assert sent_with(sent.job_id) == expected


def test_a_question_whose_answer_failed_is_a_turn_without_an_answer(one: Person) -> None:
    session_id = asked(one, "a").session_id
    answered(one.actor, "b", model="fake:refusing", session_id=session_id)
    sent = answered(one.actor, "c", session_id=session_id, history_turns=1)
    assert sent_with(sent.job_id) == ["b"]


def test_after_a_confirmation_the_model_gets_the_same_turns_again(one: Person) -> None:
    store_document()
    calls: list[dict[str, Any]] = [
        {"name": "search_knowledge", "arguments": {"query": "refund"}},
        {"name": "create_ticket", "arguments": {"title": "Refund"}},
    ]
    tools = [str(call["name"]) for call in calls]
    session_id = asked(one, "a", "b").session_id
    question = f"#fake {json.dumps({'tool_calls': calls})}\nWhat now?"
    more: dict[str, Any] = {"session_id": session_id, "history_turns": 1, "tools": tools}
    sent = answered(one.actor, question, **more)
    call = messages_of(one.actor, session_id)[-1].tool_executions[-1]
    confirmations.confirm(UUID(sent.job_id), call.id, actor=one.actor)
    with transaction() as session:
        assert answers.resume(session, UUID(sent.job_id), actor=one.actor)
    job_id = messages_of(one.actor, session_id)[-1].job_id or ""
    buffer = runners.current().find(UUID(job_id))
    assert buffer is not None
    ended(buffer)
    assert sent_with(job_id)[:3] == ["b", echo("b"), question]
