"""The table of tickets."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable, Created, Keyed, one_of
from core.tools.schemas import TicketPriority, TicketStatus


class Ticket(Keyed, Created, CoreTable):
    """A task for a person, created by an account or by a model for it."""

    __tablename__ = "tickets"
    __table_args__ = (
        one_of("priority", TicketPriority),
        one_of("status", TicketStatus),
        Index(None, "created_at", "id"),
        Index(None, "status", "created_at"),
        Index(None, "created_by"),
        Index(None, "conversation_id"),
    )

    title: Mapped[str]
    body: Mapped[str] = mapped_column(server_default=text("''"))
    priority: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    conversation_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("conversations.id", ondelete="SET NULL")
    )
    created_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("admin_users.id", ondelete="SET NULL")
    )
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
