"""The tools of one execution, run as the account that asks."""

from collections.abc import Sequence
from typing import Any

from core.database.db import Session
from core.executions.schemas import NewExecution, ToolCallStatus, ToolExecution
from core.identity.schemas import Actor
from core.providers.schemas import MessageRole, Tool
from core.tools import definitions, registry, result_texts
from core.tools.definitions import RegistryTool
from core.tools.errors import ToolUnknown

UNKNOWN = "There is no such tool."
NEEDS_CONFIRMATION = (
    "Needs confirmation: this answer has read texts of others, so a person must confirm what"
    " changes data. Say what you would do, and that it waits for their confirmation."
)


class AccountToolbox:
    """Runs tools of the registry. Not for use by two threads at once."""

    def __init__(
        self, tools: Sequence[RegistryTool[Any]], actor: Actor, *, after_untrusted: bool = False
    ) -> None:
        """Offer these tools; `after_untrusted`: the model has read results of tools before."""
        self._tools = {tool.name: tool for tool in tools}
        self._actor = actor
        self._after_untrusted = after_untrusted

    @property
    def definitions(self) -> tuple[Tool, ...]:
        return tuple(
            Tool(name=tool.name, description=tool.description, parameters=tool.parameters)
            for tool in self._tools.values()
        )

    def run(self, call: ToolExecution) -> ToolExecution:
        """Return the call with its result; writes wait for a person after untrusted results."""
        tool = self._tools.get(call.name)
        if tool is None:
            return _unanswered(call, ToolCallStatus.FAILED, UNKNOWN)
        if tool.is_write and self._after_untrusted:
            return _unanswered(call, ToolCallStatus.AWAITING_CONFIRMATION, NEEDS_CONFIRMATION)
        self._after_untrusted = self._after_untrusted or tool.is_untrusted
        return answered(call, tool, actor=self._actor)


def toolbox_for(
    session: Session, new_execution: NewExecution, *, actor: Actor, after_untrusted: bool = False
) -> AccountToolbox | None:
    """Return the tools that a call names, None without names.

    Results of tools in its messages count as untrusted, too. Raises ToolUnknown, or Forbidden.
    """
    names = new_execution.tool_names
    if not names:
        return None
    tools = registry.find_tools(session, names, actor=actor)
    for name in names:
        if name not in tools:
            raise ToolUnknown(f"No tool {name!r}. GET tools lists those that you may use.")
    has_results = any(it.role is MessageRole.TOOL for it in new_execution.messages)
    in_order = [tools[name] for name in names]
    return AccountToolbox(in_order, actor, after_untrusted=after_untrusted or has_results)


def answered(call: ToolExecution, tool: RegistryTool[Any], *, actor: Actor) -> ToolExecution:
    """Run a call, and return it with its result."""
    outcome = definitions.run(tool, call.arguments, actor=actor)
    values = {
        "status": ToolCallStatus.FAILED if outcome.error else ToolCallStatus.COMPLETED,
        "result": outcome.text,
        "error": outcome.error,
        "time_ms": outcome.time_ms,
        "is_untrusted": tool.is_untrusted,
    }
    return call.model_copy(update=values)


def _unanswered(call: ToolExecution, status: ToolCallStatus, error: str) -> ToolExecution:
    values = {
        "status": status,
        "error": error,
        "result": result_texts.result_text({"error": error}),
    }
    return call.model_copy(update=values)
