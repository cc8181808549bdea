"""Calls with their input, as their owners list them."""

from typing import Any

from core.executions.schemas import ExecutionView


class ExecutionDetails(ExecutionView):
    """A call with what was sent, besides the messages before its prompt; `prompt` is null once its
    texts have been removed.
    """

    prompt: str | None
    system_prompt: str | None
    parameters: dict[str, Any]
    context: dict[str, Any] | None
    tools: list[dict[str, Any]] | None
