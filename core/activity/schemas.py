"""Events as received, and as counted."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from core.identity.schemas import View
from core.ingest.rows import Id, JsonObject, LongText, Moment, Name, Row, Word
from core.presentation.money import Usd

ALL_APPS = "*"
MOST_SAVED_STEPS, MOST_WINDOW_DAYS = 8, 365


class NewEvent(Row):
    """One thing that happened in the product."""

    texts: ClassVar = ("event_data", "error_message", "user_agent", "extra")
    names: ClassVar = (*Row.names, "event_type", "error_code", "session_id")

    event_type: Name
    event_category: Name | None = None
    event_data: JsonObject | None = None
    user_id: Id | None = None
    session_id: Id | None = None
    error_code: Word | None = None
    error_message: LongText | None = None
    ip_address: Word | None = None
    user_agent: LongText | None = None

    def wrong(self, latest: datetime) -> str | None:
        """Return why a time, an environment or the name of an app is invalid, or None."""
        if self.app == ALL_APPS:
            return "app: * stands for all apps, and is the name of none"
        return super().wrong(latest)


class NewUser(Row):
    """A user as sent. Unknown fields become traits; the newest `updated_at` wins by field."""

    texts: ClassVar = ("email", "display_name", "traits", "extra")
    persons: ClassVar = ("id",)

    id: Id
    email: Word | None = None
    display_name: Word | None = None
    traits: JsonObject | None = None
    updated_at: Moment | None = None

    def wrong(self, latest: datetime) -> str | None:
        """Return why a time is invalid, or None."""
        return self.wrong_times(latest, "created_at", "updated_at")


class EventTypeTrend(View):
    """Events of a type in total and by interval: days, hours of one day, or several days."""

    event_type: str
    events: int
    errors: int
    starts: list[datetime]  # when each interval begins
    event_counts: list[int]
    error_counts: list[int]


Label = Annotated[str, StringConstraints(max_length=80, pattern=r"^[^\x00-\x1f]*$")]
TypeName = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^,|?\x00-\x1f]+$")
]
FUNNEL_EXAMPLE: JsonDict = {
    "name": "Activation",
    "steps": [
        {"label": "Signed up", "event_types": ["onboarding.register_complete"]},
        {"label": "Rated", "event_types": ["chat.feedback_given"], "optional": True},
        {"label": "Asked", "event_types": ["chat.session_start", "chat.feedback_given"]},
    ],
    "window_days": 14,
    "is_workspace": True,
}


class SavedStep(BaseModel):
    """A step: one of these event types. An optional one may be passed over."""

    model_config = ConfigDict(frozen=True)

    label: Label = ""
    event_types: list[TypeName] = Field(min_length=1, max_length=20)
    optional: bool = False


class FunnelDefinition(BaseModel):
    """A funnel to save or to preview. `is_workspace` makes it the workspace's."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": FUNNEL_EXAMPLE})

    name: Annotated[Label, Field(min_length=1, pattern=r"\S")]
    steps: list[SavedStep] = Field(min_length=2, max_length=MOST_SAVED_STEPS)
    window_days: int = Field(default=30, ge=1, le=MOST_WINDOW_DAYS)
    any_order: bool = False
    is_workspace: bool = False


class FunnelState(StrEnum):
    """Whether a saved funnel is read from what ingest maintains, or still being prepared."""

    READY = "ready"
    PREPARING = "preparing"


class SavedFunnelView(View):
    """A saved funnel in its latest version.

    While it is `preparing`, a job marks earlier events (`progress`, 0–1): until then its figures
    are read from the raw rows, and the workspace's are those of the version before.
    `history_since`: from when on its events are known, null where all of them are.
    `failed_at`: when that job failed in the last ten minutes; it is tried again every few seconds.
    """

    id: UUID
    name: str
    is_workspace: bool
    version: int
    steps: list[SavedStep]
    window_days: int
    any_order: bool
    created_at: datetime
    state: FunnelState
    progress: float
    history_since: datetime | None
    failed_at: datetime | None = None


class FunnelVersionView(View):
    """What a saved funnel was in one version."""

    number: int
    steps: list[SavedStep]
    window_days: int
    any_order: bool
    created_at: datetime
    created_by: UUID | None
    applied_at: datetime | None
    is_applied: bool


class RequestTotals(View):
    """Number, tokens and cost of stored AI requests; a cost of null is unpriced, not free."""

    requests: int
    errors: int
    total_tokens: int | None
    cost_usd: Usd | None
    unpriced_requests: int
    first_at: datetime | None
