"""Tools of MCP servers, named `server__tool`; their results are untrusted."""

import re
from collections.abc import Collection
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict

from core.database.db import Session
from core.identity.permissions import Permission
from core.identity.schemas import Actor
from core.mcp_servers import connection, queries
from core.mcp_servers.errors import McpServerFailed
from core.mcp_servers.schemas import McpConnection, McpTool
from core.tools.definitions import RegistryTool
from core.tools.errors import ToolFailed

BETWEEN = "__"
OFFERED = re.compile(r"[A-Za-z0-9_-]{1,64}")  # vendors accept no other names


class AnyArguments(BaseModel):
    """Arguments of any shape: the server checks them."""

    model_config = ConfigDict(extra="allow", frozen=True)


def list_tools(session: Session, servers: Collection[str] | None = None) -> list[RegistryTool[Any]]:
    """Return the tools that all servers, or those of these names, listed last."""
    tools = [_tool(*each) for each in queries.list_offered(session, servers)]
    return [tool for tool in tools if OFFERED.fullmatch(tool.name)]


def find_tools(session: Session, names: Collection[str]) -> dict[str, RegistryTool[Any]]:
    """Return the tools of these names, by name; without a `server__tool`, nothing is read."""
    servers = {name.partition(BETWEEN)[0] for name in names if BETWEEN in name}
    if not servers:
        return {}
    return {tool.name: tool for tool in list_tools(session, servers) if tool.name in names}


def name_of(server: str, tool: str) -> str:
    """Return the name by which models and API calls name a server's tool."""
    return f"{server}{BETWEEN}{tool}"


def _tool(server: McpConnection, tool: McpTool) -> RegistryTool[Any]:
    return RegistryTool(
        name_of(server.name, tool.name),
        tool.description,
        AnyArguments,
        partial(_call, server, tool.name),
        Permission.RUN_MODELS,
        # The hint is the server's own; a tool without it counts as one that changes data
        is_write=not tool.is_read_only,
        is_untrusted=True,
        schema=tool.parameters,
    )


def _call(server: McpConnection, name: str, arguments: AnyArguments, _actor: Actor) -> Any:  # noqa: ANN401  JSON
    try:
        result, is_error = connection.call_tool(server, name, arguments.model_extra or {})
    except McpServerFailed as failure:
        raise ToolFailed(f"MCP server {server.name}: {failure.detail}") from failure
    if is_error:
        raise ToolFailed(f"The tool failed: {result}")
    return result
