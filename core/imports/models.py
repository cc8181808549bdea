"""Tables of imports and saved mappings."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable, Created, Keyed, one_of
from core.imports.schemas import ImportStatus

EMPTY_OBJECT, EMPTY_LIST = text("'{}'::jsonb"), text("'[]'::jsonb")


class Import(Keyed, Created, CoreTable):
    """A file to import: its recognized format, its settings and its progress.

    `position` is the number of records that have been dealt with. It moves on in the transaction
    that stores their rows, so that a worker that resumes after a kill continues exactly there.
    """

    __tablename__ = "imports"
    __table_args__ = (
        one_of("status", ImportStatus),
        Index(None, "created_at"),
        Index(None, "sha256"),
        Index(None, "created_by"),
        Index(
            "ix_imports_under_way",
            "moved_at",
            postgresql_where=text("status in ('checking', 'queued', 'running', 'undoing')"),
        ),
    )

    name: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    status: Mapped[str]
    error: Mapped[str | None]
    environment: Mapped[str] = mapped_column(server_default="production")
    recognition: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY_OBJECT)
    mapping: Mapped[dict[str, Any] | None]
    dry_run: Mapped[dict[str, Any] | None]
    record_count: Mapped[int | None] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(BigInteger, server_default="0")
    # By kind: accepted, duplicates, rejected
    counts: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY_OBJECT)
    problems: Mapped[list[dict[str, Any]]] = mapped_column(server_default=EMPTY_LIST)
    first_at: Mapped[datetime | None]
    last_at: Mapped[datetime | None]
    created_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("admin_users.id", ondelete="SET NULL")
    )
    created_by_name: Mapped[str]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    moved_at: Mapped[datetime] = mapped_column(server_default=func.now())
    file_removed_at: Mapped[datetime | None]


class ImportMapping(Keyed, Created, CoreTable):
    """A mapping under a name, for files with the same columns."""

    __tablename__ = "import_mappings"
    __table_args__ = (Index(None, "created_by"),)

    name: Mapped[str] = mapped_column(unique=True)
    mapping: Mapped[dict[str, Any]]
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'"))
    created_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("admin_users.id", ondelete="SET NULL")
    )
