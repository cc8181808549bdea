"""What a model gets of a call to make."""

from core.executions.errors import ToolNotOffered
from core.executions.schemas import NewExecution
from core.executions.tools.toolboxes import Toolbox
from core.providers.schemas import ChatMessage, MessageRole, ModelCall, Route, Tool


def call_of(route: Route, new_execution: NewExecution, toolbox: Toolbox | None) -> ModelCall:
    """Return the call with its prompt as the last message; raise ToolNotOffered."""
    prompt = new_execution.prompt
    prompt_messages = (ChatMessage(role=MessageRole.USER, content=prompt),) if prompt else ()
    return ModelCall(
        route.model.name,
        new_execution.system_prompt,
        (*new_execution.messages, *prompt_messages),
        new_execution.parameters,
        _tools(new_execution, toolbox),
        new_execution.response_schema,
        new_execution.tool_choice,
        new_execution.parallel_tool_calls,
    )


def _tools(new_execution: NewExecution, toolbox: Toolbox | None) -> tuple[Tool, ...]:
    """Return the caller's definitions and Attune's; raise ToolNotOffered."""
    tools = tuple(tool for tool in new_execution.tools if isinstance(tool, Tool))
    own = toolbox.definitions if toolbox else ()
    names = [tool.name for tool in (*tools, *own)]
    if len(own) != len(new_execution.tool_names) or (own and len(set(names)) < len(names)):
        raise ToolNotOffered
    return (*tools, *own)
