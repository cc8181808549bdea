"""The tables of comparisons. Columns of type bytes are encrypted texts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, SmallInteger, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from core.comparisons.schemas import VoteOutcome
from core.database.tables import CoreTable, Created, Keyed, one_of


class Comparison(Keyed, Created, CoreTable):
    """Playground sessions of an account that are sent the same messages.

    `columns` has for each, in the order shown, `session_id`, the `title` of its model or service
    (of a service with its `service_id`), and `prompt`, a title; with a stored prompt or bot, its
    `prompt_id` and `prompt_version`, or `bot_id` and `bot_version`.
    """

    __tablename__ = "comparisons"
    __table_args__ = (Index(None, "owner", "updated_at"),)

    owner: Mapped[UUID] = mapped_column(ForeignKey("admin_users.id", ondelete="CASCADE"))
    blind: Mapped[bool]
    columns: Mapped[list[dict[str, Any]]]
    kept: Mapped[int | None] = mapped_column(SmallInteger)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class ComparisonTurn(Keyed, Created, CoreTable):
    """A message to all columns, and the vote on its answers.

    `answers` has for each column its `job_id`, or the `problem` why it did not begin; `models` has
    what answered in each when the vote was given.
    """

    __tablename__ = "comparison_turns"
    __table_args__ = (
        UniqueConstraint("comparison_id", "number"),
        one_of("outcome", VoteOutcome),
        Index(None, "voted_at"),
    )

    comparison_id: Mapped[UUID] = mapped_column(ForeignKey("comparisons.id", ondelete="CASCADE"))
    number: Mapped[int]
    answers: Mapped[list[dict[str, Any]]]
    outcome: Mapped[str | None]
    winner: Mapped[int | None] = mapped_column(SmallInteger)
    reason: Mapped[bytes | None] = mapped_column(LargeBinary)
    is_blind: Mapped[bool] = mapped_column(server_default="false")
    models: Mapped[list[dict[str, Any]] | None]
    voted_at: Mapped[datetime | None]
