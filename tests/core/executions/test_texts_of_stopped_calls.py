"""A stopped call keeps all of the text that its readers saw, unless its texts were removed."""

import time

import pytest

from core.database.db import transaction
from core.executions.answer_buffers import AnswerBuffer
from core.executions.runner import Runner
from core.executions.service import executions as service
from core.executions.service import text_removal
from tests.factories.executions import PATIENCE_S
from tests.factories.history import count
from tests.factories.identity import Person, person
from tests.factories.playground import being_answered, messages_of


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
    sent, buffer = being_answered(one.actor)
    with transaction() as session:  # as by another process, which has none of its text
        service.cancel(session, buffer.id, text=None, actor=one.actor)
    stored(buffer)
    content = messages_of(one.actor, sent.session_id)[1].content
    assert content
    assert content == buffer.text


def test_a_text_that_was_removed_while_it_arrived_stays_removed(
    one: Person, runner: Runner
) -> None:
    # What arrives until the stop is stored after it, too
    sent, buffer = being_answered(one.actor)
    with transaction() as session:
        text_removal.remove_texts(session, sent.session_id)
    stored(buffer)
    assert count("prompt_executions", f"id = '{buffer.id}' and response is null") == 1
