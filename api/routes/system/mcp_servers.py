"""Routes of MCP servers, whose tools models may call."""

from uuid import UUID

from fastapi import APIRouter

from api.deps import ActorDep, SessionDep, WindowDep
from api.reference import CONFLICT
from core.database.db import transaction
from core.database.paging import Page
from core.mcp_servers import check, queries, service
from core.mcp_servers.schemas import McpServerView, NewMcpServer

router = APIRouter(prefix="/admin/mcp-servers", tags=["Tools"])


@router.get("")
def list_servers(session: SessionDep, actor: ActorDep, window: WindowDep) -> Page[McpServerView]:
    """List MCP servers with the tools that they listed last, without tokens."""
    return window.page_of(queries.list_servers(session, actor=actor))


@router.post("", status_code=201, responses=CONFLICT)
def add(new_mcp_server: NewMcpServer, actor: ActorDep) -> McpServerView:
    """Add an MCP server that speaks Streamable HTTP, and ask it for its tools.

    A private address must be in ATTUNE_ALLOW_HOSTS. A server that does not answer is added, too:
    `status_detail` says why it failed.
    """
    # Committed before the server is asked, which may take as long as its timeout
    with transaction() as session:
        added = service.add_server(session, new_mcp_server, actor=actor)
    return check.check_as(added.id, actor=actor)


@router.post("/{server_id}/test")
def test_server(server_id: UUID, actor: ActorDep) -> McpServerView:
    """Ask a server for its tools again."""
    return check.check_as(server_id, actor=actor)


@router.delete("/{server_id}", status_code=204)
def remove(server_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Remove a server with its token; executions keep the calls of its tools."""
    service.remove_server(session, server_id, actor=actor)
