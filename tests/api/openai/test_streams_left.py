"""A streamed answer whose reader has left ends: nobody could read the rest."""

import openai
from sqlalchemy import select

from core.database.db import transaction
from core.executions.models import Execution
from core.executions.schemas import ExecutionStatus
from tests.api.openai.test_endings import scripted
from tests.faults.program import until


def status() -> str:
    with transaction() as session:
        return session.scalars(select(Execution.status)).one()


def test_a_stream_that_its_reader_closes_is_cancelled(program: openai.OpenAI) -> None:
    messages = scripted({"words": 2000, "rate": 20})
    with program.chat.completions.create(
        model="fake:echo", messages=messages, stream=True
    ) as stream:
        while not next(stream).choices[0].delta.content:
            pass
    until(lambda: status() != ExecutionStatus.PENDING, 30)
    assert status() == ExecutionStatus.CANCELLED


def test_a_stream_that_is_read_to_its_end_is_completed(program: openai.OpenAI) -> None:
    messages = scripted({"words": 20, "rate": 0})
    list(program.chat.completions.create(model="fake:echo", messages=messages, stream=True))
    assert status() == ExecutionStatus.COMPLETED
