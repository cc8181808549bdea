"""Tools that change data."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.database.db import transaction
from core.identity.permissions import Permission
from core.identity.schemas import Actor
from core.tools import service
from core.tools.definitions import RegistryTool
from core.tools.schemas import NewTicket, TicketPriority, Title


class TicketArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Title = Field(description="What is to be done, in one line.")
    # No enum: its schema would be a reference
    priority: Literal["low", "normal", "high", "urgent"] = "normal"


def create_ticket(arguments: TicketArguments, actor: Actor) -> dict[str, Any]:
    """Create a ticket for the account that asks."""
    new_ticket = NewTicket(title=arguments.title, priority=TicketPriority(arguments.priority))
    with transaction() as session:
        made = service.create_ticket(session, new_ticket, actor=actor)
    return made.model_dump(mode="json", include={"id", "title", "priority", "status"})


TOOLS: tuple[RegistryTool[Any], ...] = (
    RegistryTool(
        "create_ticket",
        "Create a ticket for the support team.",
        TicketArguments,
        create_ticket,
        Permission.HANDLE_TICKETS,
        is_write=True,
    ),
)
