"""After a person has confirmed a tool call, the model goes on with its result."""

import json
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from core.database.db import transaction
from core.executions import runner as runners
from core.executions.errors import ExecutionMissing
from core.executions.runner import Runner
from core.executions.schemas import ExecutionStatus, ToolExecution
from core.identity.schemas import Role
from core.platform import clock
from core.playground.schemas import Draft, PlaygroundMessageView, SentMessage
from core.playground.service import answers, branches, sessions
from core.providers.queries import token_prices
from core.quotas.errors import CostLimitExceeded
from core.tools import confirmations
from tests.api.tools.test_tools import store_document
from tests.factories.executions import ended
from tests.factories.identity import Person, person
from tests.factories.playground import answered, messages_of
from tests.factories.requests import price

TOOLS = ("search_knowledge", "create_ticket")
BEFORE = 4  # messages
WORST = Decimal("40.96")  # of an answer without max_tokens, when each token costs a cent


@pytest.fixture
def one(runner: Runner) -> Person:
    return person(Role.ADMIN)


def waiting(one: Person, *titles: str) -> SentMessage:
    """Return an answer whose tickets wait for a confirmation: it has read a document before."""
    store_document()
    read = {"name": "search_knowledge", "arguments": {"query": "refund"}}
    session_id = answered(one.actor, calling(read), tools=TOOLS).session_id
    calls = [{"name": "create_ticket", "arguments": {"title": title}} for title in titles]
    more: dict[str, Any] = {"custom_prompt": "Be brief.", "session_id": session_id}
    return answered(one.actor, calling(*calls), tools=TOOLS, **more)


def calling(*calls: Mapping[str, object]) -> str:
    """Return a message whose answer makes these calls, and echoes what it is sent after them."""
    return f"#fake {json.dumps({'tool_calls': calls})}\nWhat now?"


def calls_of(one: Person, sent: SentMessage) -> list[ToolExecution]:
    return [call for it in messages_of(one.actor, sent.session_id) for call in it.tool_executions]


def confirm(one: Person, sent: SentMessage, number: int = -1) -> bool:
    call = calls_of(one, sent)[number]
    confirmations.confirm(UUID(sent.job_id), call.id, actor=one.actor)
    return resume(one, sent)


def resume(one: Person, sent: SentMessage) -> bool:
    with transaction() as session:
        return answers.resume(session, UUID(sent.job_id), actor=one.actor)


def last(one: Person, sent: SentMessage) -> PlaygroundMessageView:
    """Return the last message, once it has ended."""
    message = messages_of(one.actor, sent.session_id)[-1]
    buffer = runners.current().find(UUID(message.job_id or ""))
    assert buffer is not None
    ended(buffer)
    return messages_of(one.actor, sent.session_id)[-1]


def test_the_model_goes_on_with_the_result(one: Person) -> None:
    sent = waiting(one, "Refund")
    assert confirm(one, sent)
    answer = last(one, sent)
    assert answer.status is ExecutionStatus.COMPLETED
    assert '"title": "Refund"' in answer.content
    assert "(prompt: Be brief.)" in answer.content
    assert len(messages_of(one.actor, sent.session_id)) == BEFORE + 1


def test_it_waits_for_every_confirmation(one: Person) -> None:
    sent = waiting(one, "One", "Two")
    assert not confirm(one, sent, -2)
    assert len(messages_of(one.actor, sent.session_id)) == BEFORE
    assert confirm(one, sent, -1)
    assert '"title": "Two"' in last(one, sent).content


def test_an_answer_is_resumed_once_and_only_as_the_last_message(one: Person) -> None:
    sent = waiting(one, "Refund")
    assert confirm(one, sent)
    assert last(one, sent)
    assert not resume(one, sent)
    assert len(messages_of(one.actor, sent.session_id)) == BEFORE + 1


def test_the_model_goes_on_on_an_older_branch_that_is_shown(one: Person) -> None:
    sent = waiting(one, "Refund")
    answered(one.actor, "other", session_id=sent.session_id, edits=sent.user_message.id)
    with transaction() as session:
        branches.show(session, sent.session_id, sent.user_message.id, actor=one.actor)
    assert confirm(one, sent)
    assert '"title": "Refund"' in last(one, sent).content
    assert len(messages_of(one.actor, sent.session_id)) == BEFORE + 1


@pytest.mark.parametrize(("left", "goes_on"), [(WORST, True), (WORST - Decimal("0.01"), False)])
def test_the_cost_limit_of_the_session_holds_for_the_whole_answer(
    one: Person, left: Decimal, goes_on: bool
) -> None:
    token_prices.clear_cache()  # what the test before has priced
    rates = {"provider": "fake", "input": "0", "output": "10000"}  # a cent for each token
    price(person(Role.SUPER_ADMIN).actor, "echo", clock.now() - timedelta(days=1), **rates)
    sent = waiting(one, "Refund")
    spent = messages_of(one.actor, sent.session_id)[-1].cost_usd
    assert spent
    with transaction() as session:
        draft = Draft(cost_limit_usd=spent + left)
        sessions.save_draft(session, sent.session_id, draft, actor=one.actor)
    with nullcontext() if goes_on else pytest.raises(CostLimitExceeded):
        assert confirm(one, sent)
        assert last(one, sent).status is ExecutionStatus.COMPLETED


def test_an_answer_that_was_cleared_meanwhile_is_not_resumed(one: Person) -> None:
    sent = waiting(one, "Refund")
    with transaction() as session:
        sessions.clear(session, sent.session_id, actor=one.actor)
    assert not resume(one, sent)
    assert messages_of(one.actor, sent.session_id) == []


def test_nobody_resumes_an_answer_of_another(one: Person) -> None:
    sent = waiting(one, "Refund")
    with pytest.raises(ExecutionMissing):
        resume(person(Role.ADMIN), sent)
