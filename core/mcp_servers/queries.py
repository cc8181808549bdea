"""Read MCP servers and the tools that they offer."""

from collections.abc import Collection, Iterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.mcp_servers.errors import McpServerMissing
from core.mcp_servers.models import McpServer
from core.mcp_servers.schemas import McpConnection, McpServerStatus, McpServerView, McpTool


def list_servers(session: Session, *, actor: Actor) -> list[McpServerView]:
    """Return all servers by name; raise Forbidden."""
    require(actor, Permission.MANAGE_PROVIDERS)
    return [view(row) for row in session.scalars(select(McpServer).order_by(McpServer.name))]


def get_row(session: Session, server_id: UUID) -> McpServer:
    """Return a row, locked; raise McpServerMissing."""
    row = session.get(McpServer, server_id, with_for_update=True)
    if row is None:
        raise McpServerMissing
    return row


def list_offered(
    session: Session, names: Collection[str] | None = None
) -> Iterator[tuple[McpConnection, McpTool]]:
    """Yield the tools of all servers, or of those of these names, each with its server."""
    rows = select(McpServer).order_by(McpServer.name)
    if names is not None:
        rows = rows.where(McpServer.name.in_(names))
    for row in session.scalars(rows):
        for tool in row.tools:
            yield connection(row), McpTool.model_validate(tool)


def connection(row: McpServer) -> McpConnection:
    return McpConnection(row.id, row.name, row.url, row.token)


def view(row: McpServer) -> McpServerView:
    return McpServerView(
        id=row.id,
        name=row.name,
        url=row.url,
        has_token=row.token is not None,
        status=McpServerStatus(row.status),
        status_detail=row.status_detail,
        checked_at=row.checked_at,
        tools=[McpTool.model_validate(tool) for tool in row.tools],
        created_at=row.created_at,
    )
