"""A stopped call keeps all of the text that its readers saw, unless its texts were removed."""

import time
from uuid import UUID

import pytest

from core.database.db import transaction
from core.executions.answer_buffers import AnswerBuffer
from core.executions.runner import Runner
from core.executions.service import executions as service
from core.executions.service import text_removal
from tests.factories.executions import PATIENCE_S, speaking
from tests.factories.history import count
from tests.factories.identity import Person, person
from tests.factories.playground import messages_of, said


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def stored(buffer: AnswerBuffer) -> None:
    """Wait until what a stopped call used is stored, which its thread does last."""
    ends_at = time.monotonic() + PATIENCE_S
    while not count("prompt_executions", f"id = '{buffer.id}' and total_tokens > 0"):
        assert time.monotonic() < ends_at, "it was not stored"
        time.sleep(0.005)


def test_text_that_arrives_while_a_call_is_stopped_is_stored(one: Person, runner: Runner) -> None:
    sent = said(one.actor, model="fake:steady")
    buffer = runner.find(UUID(sent.job_id))
    assert buffer is not None
    speaking(buffer)
    with transaction() as session:  # as by another process, which has none of its text
        service.cancel(session, buffer.id, text=None, actor=one.actor)
    stored(buffer)
    content = messages_of(one.actor, sent.session_id)[1].content
    assert content
    assert content == buffer.text


def test_a_text_that_was_removed_while_it_arrived_stays_removed(
    one: Person, runner: Runner
) -> None:
    sent = said(one.actor, model="fake:steady")
    buffer = runner.find(UUID(sent.job_id))
    assert buffer is not None
    speaking(buffer)
    with transaction() as session:
        text_removal.remove_texts(session, sent.session_id)
    stored(buffer)
    assert count("prompt_executions", f"id = '{buffer.id}' and response is null") == 1
