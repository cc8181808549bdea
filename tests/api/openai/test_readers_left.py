"""An answer whose reader has left ends: the protocol has no way to read the rest."""

import asyncio
import json
from typing import Any

import openai
import pytest
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import StreamingResponse

from api.routes.openai.routes import create_completion
from core.database.db import transaction
from core.executions.models import Execution
from core.executions.schemas import ExecutionStatus
from core.identity.schemas import Actor, Role
from tests.api.openai.test_endings import scripted
from tests.factories.identity import person
from tests.faults.program import until


def status() -> str:
    with transaction() as session:
        return session.scalars(select(Execution.status)).one()


def test_a_stream_that_its_reader_closes_is_cancelled(program: openai.OpenAI) -> None:
    # The protocol names no execution by which its answer could be stopped or read later
    messages = scripted({"words": 2000, "rate": 20})
    with program.chat.completions.create(
        model="fake:echo", messages=messages, stream=True
    ) as stream:
        while not next(stream).choices[0].delta.content:
            pass
    until(lambda: status() != ExecutionStatus.PENDING, 30)
    assert status() == ExecutionStatus.CANCELLED


async def leave_at_the_first_chunk(body: dict[str, Any], actor: Actor) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

    scope = {"type": "http", "method": "POST", "headers": [], "state": {"actor": actor}}
    answer = await create_completion(Request(scope, receive))
    assert isinstance(answer, StreamingResponse)
    chunks: Any = answer.body_iterator
    await anext(chunks)
    await chunks.aclose()


@pytest.mark.usefixtures("runner")
def test_a_stream_whose_reader_leaves_at_its_first_chunk_is_cancelled() -> None:
    messages = scripted({"words": 2000, "rate": 20})
    body = {"model": "fake:echo", "messages": messages, "stream": True}
    asyncio.run(leave_at_the_first_chunk(body, person(Role.ADMIN).actor))
    assert status() == ExecutionStatus.CANCELLED


def test_a_stream_that_is_read_to_its_end_is_completed(program: openai.OpenAI) -> None:
    messages = scripted({"words": 20, "rate": 0})
    list(program.chat.completions.create(model="fake:echo", messages=messages, stream=True))
    assert status() == ExecutionStatus.COMPLETED


def test_an_answer_whose_reader_gives_up_is_cancelled(program: openai.OpenAI) -> None:
    # SDKs close the connection at their timeout and ask again: each try went on and was paid
    messages = scripted({"words": 2000, "rate": 20})
    with pytest.raises(openai.APITimeoutError):
        program.with_options(timeout=1).chat.completions.create(
            model="fake:echo", messages=messages
        )
    until(lambda: status() != ExecutionStatus.PENDING, 30)
    assert status() == ExecutionStatus.CANCELLED


def test_an_answer_that_is_waited_for_is_completed(program: openai.OpenAI) -> None:
    program.chat.completions.create(model="fake:echo", messages=scripted({"words": 20, "rate": 0}))
    assert status() == ExecutionStatus.COMPLETED
