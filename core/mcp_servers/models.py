"""The table of MCP servers."""

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable, Created, Keyed, one_of
from core.mcp_servers.schemas import McpServerStatus


class McpServer(Keyed, Created, CoreTable):
    """A server's address, its encrypted token, and the tools that it listed last."""

    __tablename__ = "mcp_servers"
    __table_args__ = (one_of("status", McpServerStatus),)

    name: Mapped[str] = mapped_column(String(20), unique=True)
    url: Mapped[str]
    token: Mapped[bytes | None] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(String(16), server_default=McpServerStatus.UNTESTED)
    status_detail: Mapped[str | None]
    checked_at: Mapped[datetime | None]
    tools: Mapped[list[dict[str, Any]]] = mapped_column(JSONB(), server_default=text("'[]'::jsonb"))
