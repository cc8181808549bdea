"""Calls of the fake provider, made through the product's own services."""

import time

from core.executions import runner as runners
from core.executions.buffers import AnswerBuffer
from core.executions.schemas import NewExecution
from core.identity.schemas import Actor
from core.providers.schemas import Parameters

PATIENCE_S = 10.0


def asked(prompt: str = "the capital of France", **more: object) -> NewExecution:
    """Return what to ask of which model: the echo, unless `model` names another."""
    model = more.pop("model", "fake:echo")
    return NewExecution.model_validate({"model_id": model, "prompt": prompt, "parameters": Parameters(), **more})


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
    """Ask the echo, and wait for the whole answer."""
    return ended(runners.execute(asked(prompt, **more), actor=actor)[1])


def begun(actor: Actor, prompt: str = "the capital of France", *, model: str = "fake:echo") -> AnswerBuffer:
    """Ask, and return the buffer in which the answer grows."""
    return runners.execute(asked(prompt, model=model), actor=actor)[1]
