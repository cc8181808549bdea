"""Tickets and tools, as the console and the API show them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from core.identity.schemas import View
from core.ingest.json_objects import JsonObject


class TicketPriority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class TicketStatus(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    CLOSED = "closed"


# One line with something in it
Title = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$",
    ),
]
Body = Annotated[str, StringConstraints(max_length=20_000, pattern=r"^[^\x00]*$")]


class NewTicket(BaseModel):
    """A ticket to create, about a conversation if `conversation_id` is set."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"title": "Refund of order 1042", "priority": "high"}},
    )

    title: Title
    priority: TicketPriority = TicketPriority.NORMAL
    body: Body = ""
    conversation_id: str | None = Field(
        default=None, max_length=128, description="Attune's ID, or the sender's."
    )


class TicketChange(BaseModel):
    """A change of a ticket: fields that are left out stay."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"status": "closed"}})

    title: Title | None = None
    priority: TicketPriority | None = None
    status: TicketStatus | None = None
    body: Body | None = None


class TicketView(View):
    """A ticket; the name is that of the account that created it."""

    id: UUID
    title: str
    priority: TicketPriority
    status: TicketStatus
    body: str
    conversation_id: UUID | None
    created_by: UUID | None
    created_by_name: str | None
    created_at: datetime
    updated_at: datetime


class ToolView(View):
    """A tool that an account may use; `parameters` is the JSON Schema of its arguments.

    `is_write`: it changes data. `is_untrusted`: its result has texts of users, documents or other
    machines, after which a person must confirm every write.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    is_write: bool
    is_untrusted: bool


class ToolTest(BaseModel):
    """Arguments to run a tool with."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"arguments": {"zone": "Europe/Berlin"}}}
    )

    arguments: JsonObject = Field(default_factory=dict)


class ToolTestResult(View):
    """The result of a tool as JSON text, or why there is none."""

    result: str | None
    time_ms: int
    error: str | None = None
