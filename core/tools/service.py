"""Create and change tickets."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.conversations.queries import conversations
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.platform import clock
from core.platform.ids import new_id
from core.tools import queries
from core.tools.errors import TicketMissing
from core.tools.models import Ticket
from core.tools.schemas import NewTicket, TicketChange, TicketStatus, TicketView


def create_ticket(session: Session, new_ticket: NewTicket, *, actor: Actor) -> TicketView:
    """Create an open ticket; raise Forbidden or ConversationMissing."""
    require(actor, Permission.HANDLE_TICKETS)
    about = new_ticket.conversation_id
    row = Ticket(
        id=new_id(),
        title=new_ticket.title,
        body=new_ticket.body,
        priority=new_ticket.priority,
        status=TicketStatus.OPEN,
        conversation_id=conversations.get_id(session, about) if about else None,
        created_by=None if actor.is_program else actor.id,
    )
    session.add(row)
    session.flush()
    audit.record(session, "ticket.create", actor, targets={"ticket_id": row.id}, after=_facts(row))
    return queries.get_ticket(session, row.id, actor=actor)


def change_ticket(
    session: Session, ticket_id: UUID, change: TicketChange, *, actor: Actor
) -> TicketView:
    """Change a ticket; raise Forbidden or TicketMissing."""
    require(actor, Permission.HANDLE_TICKETS)
    row = session.get(Ticket, ticket_id, with_for_update=True)
    if row is None:
        raise TicketMissing
    before = _facts(row)
    for name, value in change.model_dump(exclude_none=True).items():
        setattr(row, name, value)
    row.updated_at = clock.now()
    session.flush()
    audit.record(
        session,
        "ticket.change",
        actor,
        targets={"ticket_id": row.id},
        before=before,
        after=_facts(row),
    )
    return queries.get_ticket(session, row.id, actor=actor)


def _facts(row: Ticket) -> dict[str, Any]:
    """Return the fields that the audit log keeps: no texts, which may name users."""
    return {"priority": row.priority, "status": row.status}
