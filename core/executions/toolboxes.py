"""Tools that Attune runs during an execution. A feature above passes them in, for an account."""

from typing import Protocol

from core.executions.schemas import ToolExecution
from core.providers.schemas import Tool


class Toolbox(Protocol):
    """The tools of one execution, run as the account that asks."""

    @property
    def definitions(self) -> tuple[Tool, ...]:
        """What the model is told of the tools."""
        ...

    def run(self, call: ToolExecution) -> ToolExecution:
        """Return the call with its result or error; a failure raises nothing."""
        ...
