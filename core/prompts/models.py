"""The tables of prompts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable, Created, Keyed, one_of
from core.prompts.schemas import Visibility


class PromptTemplate(Keyed, Created, CoreTable):
    """A prompt; its texts are in its versions. One without an owner is the workspace's."""

    __tablename__ = "prompt_templates"
    __table_args__ = (
        one_of("visibility", Visibility),
        Index("uq_prompt_templates_name", text("lower(name)"), unique=True),
        Index(None, "owner"),
    )

    owner: Mapped[UUID | None] = mapped_column(ForeignKey("admin_users.id", ondelete="SET NULL"))
    name: Mapped[str]
    category: Mapped[str] = mapped_column(server_default="")
    description: Mapped[str] = mapped_column(server_default="")
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'"))
    visibility: Mapped[str] = mapped_column(server_default=Visibility.PRIVATE)
    usage_count: Mapped[int] = mapped_column(BigInteger, server_default="0")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PromptVersion(Keyed, Created, CoreTable):
    """A version of a prompt: it is never changed."""

    __tablename__ = "prompt_template_versions"
    __table_args__ = (UniqueConstraint("template_id", "number"),)

    template_id: Mapped[UUID] = mapped_column(ForeignKey("prompt_templates.id", ondelete="CASCADE"))
    number: Mapped[int]
    prompt: Mapped[str]
    system_prompt: Mapped[str | None]
    variables: Mapped[list[dict[str, Any]]]
    default_parameters: Mapped[dict[str, Any]]
    model_id: Mapped[str | None]
    note: Mapped[str] = mapped_column(server_default="")
    created_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("admin_users.id", ondelete="SET NULL")
    )


class PromptLabel(CoreTable):
    """Where a label points."""

    __tablename__ = "prompt_labels"

    template_id: Mapped[UUID] = mapped_column(
        ForeignKey("prompt_templates.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(
        ForeignKey("prompt_template_versions.id", ondelete="CASCADE")
    )
    is_protected: Mapped[bool] = mapped_column(server_default=text("false"))


class PromptLabelMove(CoreTable):
    """A move of a label; without `to_version` it was removed."""

    __tablename__ = "prompt_label_moves"
    __table_args__ = (Index(None, "template_id", "label", "id"), Index(None, "moved_at"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    template_id: Mapped[UUID] = mapped_column(ForeignKey("prompt_templates.id", ondelete="CASCADE"))
    label: Mapped[str]
    from_version: Mapped[int | None]
    to_version: Mapped[int | None]
    moved_by: Mapped[UUID | None] = mapped_column(ForeignKey("admin_users.id", ondelete="SET NULL"))
    evaluation_id: Mapped[UUID | None]  # that passed the label's gate; kept when it is removed
    reason: Mapped[str | None]
    # now() is the start of the transaction, and an import moves several labels in one
    moved_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class PromptAccess(CoreTable):
    """An account that a prompt is shared with."""

    __tablename__ = "prompt_template_shares"

    template_id: Mapped[UUID] = mapped_column(
        ForeignKey("prompt_templates.id", ondelete="CASCADE"), primary_key=True
    )
    admin_user_id: Mapped[UUID] = mapped_column(
        ForeignKey("admin_users.id", ondelete="CASCADE"), primary_key=True
    )
    may_edit: Mapped[bool] = mapped_column(server_default=text("false"))


class PromptOpinion(CoreTable):
    """An account's rating of a prompt, 1 to 5."""

    __tablename__ = "prompt_template_ratings"

    template_id: Mapped[UUID] = mapped_column(
        ForeignKey("prompt_templates.id", ondelete="CASCADE"), primary_key=True
    )
    admin_user_id: Mapped[UUID] = mapped_column(
        ForeignKey("admin_users.id", ondelete="CASCADE"), primary_key=True
    )
    rating: Mapped[int] = mapped_column(SmallInteger)
