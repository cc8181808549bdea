"""The table of gates. Columns of type bytes are encrypted texts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.database.tables import CoreTable, Keyed, one_of
from core.evaluations.schemas import EvaluationSplit


class LabelGate(Keyed, CoreTable):
    """What a version must pass to get a label; it goes with the label."""

    __tablename__ = "prompt_label_gates"
    __table_args__ = (
        one_of("split", EvaluationSplit),
        UniqueConstraint("template_id", "label"),
        ForeignKeyConstraint(
            ["template_id", "label"],
            ["prompt_labels.template_id", "prompt_labels.name"],
            ondelete="CASCADE",
        ),
        Index(None, "set_by"),
    )

    template_id: Mapped[UUID]
    label: Mapped[str]
    dataset_id: Mapped[UUID]  # kept when the dataset is removed: then nothing passes
    dataset_version: Mapped[int | None]
    split: Mapped[str]
    criteria: Mapped[bytes] = mapped_column(LargeBinary)  # scorers and threshold
    least_rate: Mapped[float]
    by_lower_bound: Mapped[bool] = mapped_column(server_default=text("false"))
    set_by: Mapped[UUID | None] = mapped_column(ForeignKey("admin_users.id", ondelete="SET NULL"))
    set_at: Mapped[datetime] = mapped_column(server_default=func.now())
