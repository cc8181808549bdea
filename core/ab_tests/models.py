"""The tables of A/B tests. Columns of type bytes are encrypted texts."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.ab_tests.schemas import VariantId
from core.database.tables import CoreTable, Created, Keyed, one_of


class AbTestConfiguration(Keyed, Created, CoreTable):
    """Two variants over the same cases, which its evaluation runs.

    `metrics` has the figures of the last run, and no texts; `is_running` is true until they are
    counted.
    """

    __tablename__ = "ab_test_configurations"
    __table_args__ = (Index(None, "user_id", "created_at"), Index(None, "evaluation_id"))

    user_id: Mapped[UUID] = mapped_column(ForeignKey("admin_users.id", ondelete="CASCADE"))
    test_name: Mapped[bytes] = mapped_column(LargeBinary)
    description: Mapped[bytes] = mapped_column(LargeBinary)
    variants: Mapped[list[dict[str, Any]]]
    definition: Mapped[bytes] = mapped_column(LargeBinary)
    evaluation_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("evaluation_tests.id", ondelete="SET NULL")
    )
    metrics: Mapped[dict[str, Any] | None]
    is_running: Mapped[bool] = mapped_column(server_default=text("false"))
    start_date: Mapped[datetime | None]
    end_date: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class AbTestResult(Keyed, CoreTable):
    """An answer of a variant to a case, as its evaluation has it, with the scores of its traits.

    `quality_score` is the answer's score from 0 to 1; without a judge, 1 if its expectations are
    met, else 0.
    """

    __tablename__ = "ab_test_results"
    __table_args__ = (
        one_of("variant", VariantId),
        UniqueConstraint("ab_test_id", "position", "variant", "run"),
        Index(None, "evaluation_id"),
    )

    ab_test_id: Mapped[UUID] = mapped_column(
        ForeignKey("ab_test_configurations.id", ondelete="CASCADE")
    )
    evaluation_id: Mapped[UUID] = mapped_column(
        ForeignKey("evaluation_tests.id", ondelete="CASCADE")
    )
    position: Mapped[int]
    variant: Mapped[str]
    run: Mapped[int] = mapped_column(SmallInteger)
    is_failed: Mapped[bool]
    quality_score: Mapped[float | None]
    response_time_ms: Mapped[int | None]
    cost_usd: Mapped[Decimal | None] = mapped_column(Numeric(14, 8))
    personality_analysis: Mapped[dict[str, Any] | None]
    analysis_problem: Mapped[bytes | None] = mapped_column(LargeBinary)
