"""The table of attached files. Columns of type bytes are encrypted."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.attachments.schemas import AttachmentKind
from core.database.tables import CoreTable, Created, Keyed, one_of


class Attachment(Keyed, Created, CoreTable):
    """A file of a message, which is removed with it; `readable` is what models are sent."""

    __tablename__ = "playground_attachments"
    __table_args__ = (
        one_of("kind", AttachmentKind),
        UniqueConstraint("message_id", "position"),
        Index(None, "session_id"),
    )

    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("playground_sessions.id", ondelete="CASCADE")
    )
    message_id: Mapped[UUID] = mapped_column(
        ForeignKey("playground_messages.id", ondelete="CASCADE")
    )
    position: Mapped[int]
    kind: Mapped[str]
    name: Mapped[bytes] = mapped_column(LargeBinary)
    size_bytes: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    readable: Mapped[bytes | None] = mapped_column(LargeBinary)
