"""The tables of datasets. Columns of type bytes are encrypted texts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable, Created, Keyed, one_of
from core.datasets.schemas import CaseOrigin, CaseSplit, DatasetVisibility

NO_TAGS = text("'{}'")


class Dataset(Keyed, Created, CoreTable):
    """A dataset; `version` is its newest, 0 while it has had no cases."""

    __tablename__ = "datasets"
    __table_args__ = (
        one_of("visibility", DatasetVisibility),
        Index("uq_datasets_owner_name", "owner", text("lower(name)"), unique=True),
    )

    owner: Mapped[UUID | None] = mapped_column(ForeignKey("admin_users.id", ondelete="SET NULL"))
    name: Mapped[str]
    description: Mapped[bytes] = mapped_column(LargeBinary)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=NO_TAGS)
    visibility: Mapped[str] = mapped_column(server_default=DatasetVisibility.PRIVATE)
    version: Mapped[int] = mapped_column(server_default="0")
    case_count: Mapped[int] = mapped_column(server_default="0")
    last_position: Mapped[int] = mapped_column(server_default="0")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DatasetVersion(CoreTable):
    """What has changed in a version."""

    __tablename__ = "dataset_versions"

    dataset_id: Mapped[UUID] = mapped_column(
        ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    case_count: Mapped[int]
    added: Mapped[int]
    removed: Mapped[int]
    note: Mapped[str]
    created_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("admin_users.id", ondelete="SET NULL")
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DatasetCaseRow(Keyed, Created, CoreTable):
    """The content of a case in the versions from `added_in` to before `removed_in`.

    It is never changed: an edited case is a new row with the same `case_id` and position.
    `conversation_id` decides the split and keeps the conversation from retention; `origin_id` is
    the annotation, vote or message that the case was made of.
    """

    __tablename__ = "dataset_cases"
    __table_args__ = (
        one_of("split", CaseSplit),
        one_of("origin", CaseOrigin),
        UniqueConstraint("dataset_id", "case_id", "added_in"),
        Index(None, "dataset_id", "position", "added_in"),
        Index(
            "ix_dataset_cases_conversation_id",
            "conversation_id",
            postgresql_where=text("conversation_id is not null"),
        ),
        Index(
            "ix_dataset_cases_origin_id",
            "origin_id",
            postgresql_where=text("origin_id is not null"),
        ),
    )

    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    case_id: Mapped[UUID]
    position: Mapped[int]
    added_in: Mapped[int]
    removed_in: Mapped[int | None]
    texts: Mapped[bytes] = mapped_column(LargeBinary)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=NO_TAGS)
    split: Mapped[str]
    origin: Mapped[str]
    conversation_id: Mapped[UUID | None]
    origin_id: Mapped[UUID | None]
