"""The interface of tools that Attune runs during an execution; core.tools implements it."""

from typing import Protocol

from core.executions.schemas import ToolExecution
from core.providers.schemas import Tool


class Toolbox(Protocol):
    """The tools of one execution, run as the account that asks."""

    @property
    def definitions(self) -> tuple[Tool, ...]:
        """The tools' names, descriptions and JSON Schemas, as sent to the model."""
        ...

    def run(self, call: ToolExecution) -> ToolExecution:
        """Return the call with its result or error; a failure raises nothing."""
        ...
