"""Add and remove MCP servers, and store the tools that they list. Tokens are write-only."""

from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.mcp_servers import queries
from core.mcp_servers.errors import McpServerNameTaken
from core.mcp_servers.models import McpServer
from core.mcp_servers.schemas import (
    COLUMN,
    McpServerStatus,
    McpServerView,
    McpTool,
    NewMcpServer,
)
from core.network.allowed_addresses import checked_address
from core.platform import clock, crypto
from core.platform.ids import new_id


def add_server(session: Session, new_mcp_server: NewMcpServer, *, actor: Actor) -> McpServerView:
    """Store a server; raise Forbidden, AddressRefused or McpServerNameTaken."""
    require(actor, Permission.MANAGE_PROVIDERS)
    row = McpServer(id=new_id(), name=new_mcp_server.name, url=checked_address(new_mcp_server.url))
    if new_mcp_server.token:
        row.token = crypto.keyring().seal(new_mcp_server.token, column=COLUMN, row=row.id)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise McpServerNameTaken from None
    session.refresh(row)
    after = {"url": row.url, "token": bool(row.token)}
    audit.record(session, "mcp_server.add", actor, targets={"server": row.name}, after=after)
    return queries.view(row)


def remove_server(session: Session, server_id: UUID, *, actor: Actor) -> None:
    """Remove a server and its token; raise Forbidden or McpServerMissing."""
    require(actor, Permission.MANAGE_PROVIDERS)
    row = queries.get_row(session, server_id)
    audit.record(session, "mcp_server.remove", actor, targets={"server": row.name})
    session.delete(row)


def record_check(
    session: Session, server_id: UUID, *, tools: list[McpTool] | None, detail: str | None
) -> McpServerView:
    """Store the tools that a server listed. With None, store why it failed, and keep its tools."""
    row = queries.get_row(session, server_id)
    if tools is not None:
        row.tools = [tool.model_dump() for tool in tools]
    row.status = McpServerStatus.FAILING if tools is None else McpServerStatus.WORKING
    row.status_detail, row.checked_at = detail, clock.now()
    session.flush()
    return queries.view(row)
