"""The tools of Attune, by name."""

from typing import Any

from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.tools import http_get, mcp_tools, readers, writers
from core.tools.definitions import RegistryTool
from core.tools.errors import ToolMissing

TOOLS: dict[str, RegistryTool[Any]] = {
    tool.name: tool for tool in (*readers.TOOLS, *writers.TOOLS, *http_get.TOOLS)
}


def list_for(actor: Actor) -> list[RegistryTool[Any]]:
    """Return the tools that an account may use: Attune's by name, then those of MCP servers.

    Opens a transaction of its own. Raises Forbidden.
    """
    require(actor, Permission.RUN_MODELS)
    own = [tool for _, tool in sorted(TOOLS.items()) if tool.is_for(actor)]
    return [*own, *mcp_tools.list_tools()]


def get(name: str, *, actor: Actor) -> RegistryTool[Any]:
    """Return a tool; raise ToolMissing, or Forbidden when it is for other roles."""
    require(actor, Permission.RUN_MODELS)
    tool = TOOLS.get(name) or mcp_tools.find(name)
    if tool is None or not tool.is_on():
        raise ToolMissing
    require(actor, tool.permission)
    return tool
