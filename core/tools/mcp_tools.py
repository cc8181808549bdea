"""Tools of MCP servers, named `server__tool`: what they return is untrusted."""

import re
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict

from core.database.db import read_session
from core.identity.permissions import Permission
from core.identity.schemas import Actor
from core.mcp_servers import connection, queries
from core.mcp_servers.schemas import McpConnection, McpTool
from core.tools.definitions import RegistryTool
from core.tools.errors import ToolFailed

BETWEEN = "__"
OFFERED = re.compile(r"[A-Za-z0-9_-]{1,64}")  # vendors accept no other names


class AnyArguments(BaseModel):
    """Arguments that the server checks."""

    model_config = ConfigDict(extra="allow", frozen=True)


def list_tools(server: str | None = None) -> list[RegistryTool[Any]]:
    """Return the tools that all servers, or one, listed last."""
    with read_session() as session:
        found = [_tool(*each) for each in queries.list_offered(session, server)]
    return [tool for tool in found if OFFERED.fullmatch(tool.name)]


def find(name: str) -> RegistryTool[Any] | None:
    """Return the tool of a name, or None."""
    server, between, _ = name.partition(BETWEEN)
    if not between:
        return None
    return next((tool for tool in list_tools(server) if tool.name == name), None)


def _tool(server: McpConnection, tool: McpTool) -> RegistryTool[Any]:
    return RegistryTool(
        f"{server.name}{BETWEEN}{tool.name}",
        tool.description,
        AnyArguments,
        partial(_call, server, tool.name),
        Permission.RUN_MODELS,
        is_write=not tool.is_read_only,
        is_untrusted=True,
        schema=tool.parameters,
    )


def _call(server: McpConnection, name: str, given: AnyArguments, _actor: Actor) -> Any:  # noqa: ANN401  JSON
    result, is_error = connection.call_tool(server, name, given.model_extra or {})
    if is_error:
        raise ToolFailed(f"The tool failed: {result}")
    return result
