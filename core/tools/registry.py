"""The tools of Attune, by name."""

from collections.abc import Collection
from typing import Any

from core.database.db import Session
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.tools import http_get, mcp_tools, readers, writers
from core.tools.definitions import RegistryTool
from core.tools.errors import ToolMissing

TOOLS: dict[str, RegistryTool[Any]] = {
    tool.name: tool for tool in (*readers.TOOLS, *writers.TOOLS, *http_get.TOOLS)
}


def list_for(session: Session, *, actor: Actor) -> list[RegistryTool[Any]]:
    """Return the tools that an account may use: Attune's by name, then those of MCP servers.

    Raises Forbidden.
    """
    require(actor, Permission.RUN_MODELS)
    own = [tool for _, tool in sorted(TOOLS.items()) if tool.is_for(actor)]
    return [*own, *mcp_tools.list_tools(session)]


def find_tools(
    session: Session, names: Collection[str], *, actor: Actor
) -> dict[str, RegistryTool[Any]]:
    """Return the tools of these names that exist and are switched on, by name.

    Reads the database only for tools of MCP servers. Raises Forbidden when one is for other roles.
    """
    require(actor, Permission.RUN_MODELS)
    own = {name: TOOLS[name] for name in names if name in TOOLS}
    # No MCP server can replace a tool of Attune's
    tools = mcp_tools.find_tools(session, names) | own
    found = {name: tool for name, tool in tools.items() if tool.is_on()}
    for tool in found.values():
        require(actor, tool.permission)
    return found


def get(session: Session, name: str, *, actor: Actor) -> RegistryTool[Any]:
    """Return a tool; raise ToolMissing, or Forbidden when it is for other roles."""
    tool = find_tools(session, [name], actor=actor).get(name)
    if tool is None:
        raise ToolMissing
    return tool
