"""Ask an MCP server for its tools, outside any transaction."""

from uuid import UUID

from core.database.db import transaction
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.mcp_servers import connection, queries, service
from core.mcp_servers.errors import McpServerFailed
from core.mcp_servers.schemas import McpServerView


def check_as(server_id: UUID, *, actor: Actor) -> McpServerView:
    """Store the tools that a server lists, or why it does not answer; raise Forbidden or
    McpServerMissing.
    """
    require(actor, Permission.MANAGE_PROVIDERS)
    with transaction() as session:
        server = queries.connection(queries.get_row(session, server_id))
    tools, detail = None, None
    try:
        tools = connection.list_tools(server)
    except McpServerFailed as failure:
        detail = failure.detail
    with transaction() as session:
        return service.record_check(session, server_id, tools=tools, detail=detail)
