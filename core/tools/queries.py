"""Read tickets."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from core.database.paging import Page, Window
from core.database.tables import table_of
from core.identity.models import AdminUser
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.tools.errors import TicketMissing
from core.tools.models import Ticket
from core.tools.schemas import TicketPriority, TicketStatus, TicketView

tickets, accounts = table_of(Ticket), table_of(AdminUser)


@dataclass(frozen=True)
class TicketFilter:
    """Filters of tickets; None and no words are no filter."""

    status: TicketStatus | None = None
    priority: TicketPriority | None = None
    words: str = ""


def list_tickets(
    session: Session, filters: TicketFilter, *, window: Window, actor: Actor
) -> Page[TicketView]:
    """Return tickets, newest first."""
    require(actor, Permission.HANDLE_TICKETS)
    given = {tickets.c.status: filters.status, tickets.c.priority: filters.priority}
    where = [column == value for column, value in given.items() if value is not None]
    if filters.words:
        texts = (tickets.c.title, tickets.c.body)
        where.append(or_(*(each.icontains(filters.words, autoescape=True) for each in texts)))
    total = session.scalar(select(func.count()).select_from(tickets).where(*where)) or 0
    newest = _tickets().where(*where).order_by(tickets.c.created_at.desc(), tickets.c.id.desc())
    rows = session.execute(newest.limit(window.limit).offset(window.offset)).mappings()
    return window.page([TicketView(**row) for row in rows], total)


def get_ticket(session: Session, ticket_id: UUID, *, actor: Actor) -> TicketView:
    """Return a ticket; raise TicketMissing."""
    require(actor, Permission.HANDLE_TICKETS)
    row = session.execute(_tickets().where(tickets.c.id == ticket_id)).mappings().first()
    if row is None:
        raise TicketMissing
    return TicketView(**row)


def _tickets() -> Select[Any]:
    name = accounts.c.full_name.label("created_by_name")
    return select(tickets, name).outerjoin(accounts, accounts.c.id == tickets.c.created_by)
