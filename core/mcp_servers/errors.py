"""Errors of MCP servers."""

from core.errors import Conflict, NotFound, ProviderFailed


class McpServerMissing(NotFound):
    """No MCP server with this ID."""


class McpServerNameTaken(Conflict):
    """An MCP server of this name exists already. Choose another name."""


class McpServerFailed(ProviderFailed):
    """The MCP server did not answer as expected. Check its address and token."""
