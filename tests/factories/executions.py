"""Calls of the fake provider, made through the product's services."""

import time

from core.executions import runner as runners
from core.executions.answer_buffers import AnswerBuffer
from core.executions.schemas import NewExecution
from core.identity.schemas import Actor
from core.providers.schemas import Parameters

PATIENCE_S = 60.0


def asked(prompt: str = "the capital of France", **more: object) -> NewExecution:
    """Return a call to make: of the echo script, unless `model` names another."""
    model = more.pop("model", "fake:echo")
    return NewExecution.model_validate(
        {"model_id": model, "prompt": prompt, "parameters": Parameters(), **more}
    )


def ended(buffer: AnswerBuffer) -> AnswerBuffer:
    """Wait until an answer has ended, and return it."""
    ends_at = time.monotonic() + PATIENCE_S
    while buffer.outcome is None:
        assert time.monotonic() < ends_at, "it did not end"
        time.sleep(0.005)
    return buffer


def speaking(buffer: AnswerBuffer) -> AnswerBuffer:
    """Wait until an answer has begun, and return it."""
    ends_at = time.monotonic() + PATIENCE_S
    while not buffer.length:
        assert time.monotonic() < ends_at, "it did not begin"
        time.sleep(0.005)
    return buffer


def executed(actor: Actor, prompt: str = "the capital of France", **more: object) -> AnswerBuffer:
    """Call the echo script, and wait for the whole answer."""
    return ended(runners.execute(asked(prompt, **more), actor=actor)[1])


def begun(
    actor: Actor, prompt: str = "the capital of France", *, model: str = "fake:echo"
) -> AnswerBuffer:
    """Start a call, and return the buffer of its answer."""
    return runners.execute(asked(prompt, model=model), actor=actor)[1]
