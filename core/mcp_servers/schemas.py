"""MCP servers: inputs, what is shown of them, and how they are reached."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from core.identity.schemas import View
from core.platform import crypto

COLUMN = "mcp_servers.token"

# It begins the names of its tools, which have at most 64 characters.
ServerName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,19}$")]
Token = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=4000, pattern=r"^[\x21-\x7e]+$"
    ),
]


class McpServerStatus(StrEnum):
    UNTESTED = "untested"
    WORKING = "working"
    FAILING = "failing"


class NewMcpServer(BaseModel):
    """A server to add; `token` is sent as Bearer token and never shown again."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"name": "docs", "url": "https://mcp.example.com/mcp"}},
    )

    name: ServerName
    url: str = Field(min_length=1, max_length=500)
    token: Token | None = Field(default=None, repr=False)


class McpTool(View):
    """A tool as its server describes it; `parameters` is a JSON Schema."""

    name: str
    description: str
    parameters: dict[str, Any]
    is_read_only: bool = False


class McpServerView(View):
    """A server in Settings and the API, without its token."""

    id: UUID
    name: str
    url: str
    has_token: bool
    status: McpServerStatus
    status_detail: str | None
    checked_at: datetime | None
    tools: list[McpTool]
    created_at: datetime


@dataclass(frozen=True)
class McpConnection:
    """How to reach a server; its token is encrypted until a call needs it."""

    id: UUID
    name: str
    url: str
    encrypted_token: bytes | None = field(repr=False)

    def token(self) -> str | None:
        """Return the decrypted token; raise WrongKey."""
        if self.encrypted_token is None:
            return None
        return crypto.keyring().open(self.encrypted_token, column=COLUMN, row=self.id)
