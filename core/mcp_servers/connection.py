"""Calls to MCP servers; the protocol's package takes a second to load, and most never need it."""

from typing import Any

from core.mcp_servers.schemas import McpConnection, McpTool

LISTING_TIMEOUT_S, CALL_TIMEOUT_S = 15.0, 20.0


def list_tools(server: McpConnection) -> list[McpTool]:
    """Return the tools that a server lists; raise McpServerFailed."""
    from core.mcp_servers import protocol  # noqa: PLC0415

    return protocol.list_tools(server, LISTING_TIMEOUT_S)


def call_tool(server: McpConnection, name: str, arguments: dict[str, Any]) -> tuple[Any, bool]:
    """Return the result of a tool, and whether it is an error; raise McpServerFailed."""
    from core.mcp_servers import protocol  # noqa: PLC0415

    return protocol.call_tool(server, name, arguments, CALL_TIMEOUT_S)
