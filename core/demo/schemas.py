"""The demo workspace as the console shows it, and its reviews as their file holds them."""

from datetime import datetime
from uuid import UUID

import msgspec
from pydantic import BaseModel, ConfigDict

from core.annotations.schemas import (
    AnnotationSeverity,
    AnnotationStatus,
    AnnotationType,
    ItemState,
    QueueReason,
)
from core.database.settings import SettingsGroup
from core.imports.schemas import ImportStatus

DECIDING = 3  # the round


class DemoDecision(SettingsGroup):
    """Whether it was decided, on the first start, to have a demo or none."""

    is_decided: bool = False


class DemoExamples(SettingsGroup):
    """What the demo has stored in Test."""

    prompt_id: UUID | None = None
    bot_ids: tuple[UUID, ...] = ()
    dataset_id: UUID | None = None
    evaluation_id: UUID | None = None


class DemoView(BaseModel):
    """The demo that is in this workspace."""

    model_config = ConfigDict(frozen=True)

    status: ImportStatus
    rows: int
    until: datetime  # when what happens in it ends
    may_go: bool  # imports can be undone for some weeks
    is_mixed: bool  # with rows that were sent or imported beside it

    @property
    def is_coming(self) -> bool:
        """Whether more of it is on its way."""
        return self.status in (ImportStatus.QUEUED, ImportStatus.RUNNING)

    @property
    def is_going(self) -> bool:
        """Whether it is being removed."""
        return self.status is ImportStatus.UNDOING


class DemoNote(msgspec.Struct, omit_defaults=True):
    """An annotation; `reviewer` and `decided_by` are names."""

    reviewer: str
    kind: AnnotationType
    content: str
    at: datetime
    round: int = 1
    suggested_response: str | None = None
    severity: AnnotationSeverity | None = None
    tags: list[str] = []
    status: AnnotationStatus = AnnotationStatus.PENDING
    decided_by: str | None = None
    decided_at: datetime | None = None


class DemoReview(msgspec.Struct):
    """A reviewed message by the sender's IDs, with its annotations by round."""

    conversation: str
    message: str
    reasons: list[QueueReason]
    priority: int
    state: ItemState
    wanted: int
    notes: list[DemoNote]
