"""Routes of tickets."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.deps import ActorDep, SessionDep, WindowDep
from api.reference import MISSING
from core.database.paging import Page
from core.tools import queries, service
from core.tools.queries import TicketFilter
from core.tools.schemas import NewTicket, TicketChange, TicketPriority, TicketStatus, TicketView

router = APIRouter(prefix="/tickets", tags=["Tickets"])


@router.get("")
def list_tickets(
    session: SessionDep,
    actor: ActorDep,
    window: WindowDep,
    status: Annotated[TicketStatus | None, Query()] = None,
    priority: Annotated[TicketPriority | None, Query()] = None,
    q: Annotated[str, Query(max_length=200, description="A part of the title or text.")] = "",
) -> Page[TicketView]:
    """List tickets, newest first."""
    filters = TicketFilter(status=status, priority=priority, words=q.strip())
    return queries.list_tickets(session, filters, window=window, actor=actor)


@router.post("", status_code=201, responses=MISSING)
def create_ticket(new_ticket: NewTicket, session: SessionDep, actor: ActorDep) -> TicketView:
    """Create an open ticket."""
    return service.create_ticket(session, new_ticket, actor=actor)


@router.get("/{ticket_id}")
def get_ticket(ticket_id: UUID, session: SessionDep, actor: ActorDep) -> TicketView:
    """Return a ticket."""
    return queries.get_ticket(session, ticket_id, actor=actor)


@router.patch("/{ticket_id}")
def change_ticket(
    ticket_id: UUID, change: TicketChange, session: SessionDep, actor: ActorDep
) -> TicketView:
    """Change the title, text, priority or status of a ticket."""
    return service.change_ticket(session, ticket_id, change, actor=actor)
