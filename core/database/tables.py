"""Shared by all tables: bases, key and time types; and the infrastructure's own tables."""

from datetime import datetime
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    Identity,
    Index,
    MetaData,
    String,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from core.platform.ids import new_id

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
# The context of validating what is stored, where limits that are newer do not apply
STORED = {"is_stored": True}
JSON_OR_NULL = JSONB(none_as_null=True)  # None is SQL null, not JSON null
TYPES = {
    datetime: DateTime(timezone=True),
    str: Text(),
    dict[str, Any]: JSON_OR_NULL,
    list[dict[str, Any]]: JSON_OR_NULL,
}


class CoreTable(DeclarativeBase):
    """A table in the database `core`."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = TYPES


class AiTable(DeclarativeBase):
    """A table in the database `ai`."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = TYPES


def table_of(mapped: type[DeclarativeBase]) -> Table:
    """Return the table of a mapped class: statements on it take half the time."""
    return cast("Table", mapped.__table__)


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """Return the constraint that limits a text column to the values of an enum."""
    quoted = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} in ({quoted})", name=column)


def prefix_index(name: str, indexed: ColumnElement[str]) -> Index:
    """Return the index of the beginnings of texts, in lower case, where there are any; core/search
    reads it, whatever the database's language.
    """
    return Index(
        name,
        func.lower(indexed).label("lowered"),
        postgresql_ops={"lowered": "text_pattern_ops"},
        postgresql_where=indexed.is_not(None),
    )


def storable(text: str) -> str:
    """Return `text` without NUL and halves of surrogate pairs, which Postgres rejects."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


class Keyed:
    """Adds a UUID version 7 as primary key."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class Created:
    """Adds the time of creation."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AuditColumns:
    """Columns of the audit log: actor, action, target, time, origin and outcome."""

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    occurred_at: Mapped[datetime] = mapped_column(server_default=func.now())
    action: Mapped[str] = mapped_column(String(64))
    actor_type: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str | None]
    targets: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    ip_address: Mapped[str | None]
    user_agent: Mapped[str | None]
    request_id: Mapped[str | None]
    outcome: Mapped[str] = mapped_column(String(16), server_default="ok")

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Index, ...]:
        """Index the columns that the audit page sorts and filters by."""
        return (
            Index(None, "occurred_at"),
            Index(None, "actor_id", "occurred_at"),
            Index(None, "action", "occurred_at"),
        )


class OutboxColumns:
    """Events that are still to be delivered to other features."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    topic: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]]
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class TraceColumns:
    """What an import reported of a row that others report, too."""

    __tablename__ = "import_traces"

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)  # the row's table
    row_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity())  # the order of several traces
    noted_at: Mapped[datetime] = mapped_column(server_default=func.now())
    content: Mapped[dict[str, Any]]

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Index, ...]:
        """Index what finds the traces of one row."""
        return (Index(None, "row_id", "kind"),)


class CoreAudit(AuditColumns, CoreTable):
    """The audit log of `core`, including rows relayed from `ai`; all of it is read here."""

    relayed_id: Mapped[int | None] = mapped_column(BigInteger)  # the ID in `ai`

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Index, ...]:
        """Make relayed rows unique."""
        relayed = Index(
            None, "relayed_id", unique=True, postgresql_where=text("relayed_id is not null")
        )
        return (*super().__table_args__, relayed)


class AiAudit(AuditColumns, AiTable):
    """The audit log of what changes in `ai`."""


class CoreOutbox(OutboxColumns, CoreTable):
    """The outbox of `core`."""


class AiOutbox(OutboxColumns, AiTable):
    """The outbox of `ai`."""


class CoreTrace(TraceColumns, CoreTable):
    """What imports reported of rows in `core`."""


class AiTrace(TraceColumns, AiTable):
    """What imports reported of rows in `ai`."""


class Setting(CoreTable):
    """One group of settings as JSON, typed by core/database/settings.py."""

    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_by: Mapped[UUID | None]
