"""Sessions and messages of the playground."""

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from core.attachments.schemas import MAX_FILES, AttachmentView, NewAttachment
from core.database.paging import Page
from core.executions.schemas import (
    CostLimit,
    ExecutionError,
    ExecutionStatus,
    ToolExecution,
    ToolName,
)
from core.identity.schemas import View
from core.ingest.json_objects import JsonObject
from core.ingest.null_defaults import OrDefault
from core.playground.errors import NoMessage
from core.presentation.money import Usd
from core.providers.schemas import Parameters

MAX_MESSAGE_CHARS = 250_000  # a pasted log of 200,000, and a question about it
MAX_PROMPT_CHARS = 50_000
MAX_HISTORY_TURNS = 1000
MAX_NOTE_CHARS = 2_000


class Speaker(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


class Thumbs(IntEnum):
    DOWN = -1
    UP = 1


class AnswerFeedback(StrEnum):
    """What at least one answer of a session has."""

    THUMBS_UP = "thumbs_up"
    THUMBS_DOWN = "thumbs_down"
    NOTE = "note"


def _has_words(message: str) -> str:
    if not message.strip():  # which providers refuse
        raise ValueError(NoMessage().detail)
    return message


SessionName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]
NoteText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_NOTE_CHARS)]
MessageText = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_MESSAGE_CHARS), AfterValidator(_has_words)
]


HistoryTurns = Annotated[
    int | None,
    Field(
        ge=0,
        le=MAX_HISTORY_TURNS,
        description="How many earlier turns (a user's message and its answer) are sent as context: "
        "0 for none, null for all.",
    ),
]


class ModelOrService(BaseModel):
    """What answers; without both, the active service, else the default model."""

    model: str | None = Field(
        default=None,
        max_length=300,
        description="Without one, the active service answers, else the default model.",
    )
    service_id: UUID | None = Field(
        default=None, description="A service that answers, active or not."
    )

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if self.model is not None and self.service_id is not None:
            raise ValueError("Pass `model` or `service_id`, not both.")
        return self


class NewPlaygroundMessage(ModelOrService):
    """A message to send: to which session (None for a new one), model and system prompt."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "message": "What is the capital of France?",
                "custom_prompt": "Answer in one word.",
            }
        },
    )

    message: MessageText
    session_id: UUID | None = None
    custom_prompt: str | None = Field(default=None, max_length=MAX_PROMPT_CHARS)
    parameters: OrDefault[Parameters] = Parameters()
    tools: OrDefault[tuple[ToolName, ...]] = Field(
        default=(), max_length=64, description="Names of Attune's tools that the model may call."
    )
    cost_limit_usd: CostLimit | None = Field(
        default=None, description="The most that the answer may cost, with its rounds of tools."
    )
    edits: UUID | None = Field(
        default=None,
        description="A message of the user that this one stands for, on a new branch of the "
        "session; both are kept.",
    )
    history_turns: HistoryTurns = None
    attachments: OrDefault[tuple[NewAttachment, ...]] = Field(
        default=(),
        max_length=MAX_FILES,
        description="Text files, PDF files with text, and images for models that accept them.",
    )
    metadata: JsonObject | None = Field(
        default=None, description="Stored with the session, instead of what it had."
    )


class Draft(ModelOrService):
    """A chat's settings (what answers, parameters, prompt, tools, cost limit, history), stored for
    every tab and visit. With `has_prompt_of_others`, its prompt came with a file or a fork once.
    """

    # Another version of Attune may have stored the draft
    model_config = ConfigDict(frozen=True, extra="ignore")

    parameters: Parameters = Parameters()
    custom_prompt: str | None = Field(default=None, max_length=MAX_PROMPT_CHARS)
    has_prompt_of_others: bool = False
    tools: tuple[str, ...] = ()
    cost_limit_usd: CostLimit | None = None
    history_turns: HistoryTurns = None


class UnsentMessage(BaseModel):
    """What was typed into a chat's field and not sent yet; empty for nothing."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"message": "What is the capital of"}}
    )

    message: str = Field(max_length=MAX_MESSAGE_CHARS)


class SessionDetails(BaseModel):
    """What an account says of its session; fields that are left out keep their values."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {"name": "Refund tone", "project": "Support", "tags": ["refund", "de"]}
        },
    )

    name: SessionName = Field(default="", description="Without one, the first message names it.")
    description: Annotated[str, StringConstraints(max_length=2000)] | None = None
    project: ShortText | None = None
    tags: tuple[Tag, ...] = Field(default=(), max_length=20)
    metadata: JsonObject | None = Field(default=None, description="Any JSON object, or null.")

    @field_validator("tags")
    @classmethod
    def _each_once(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(given))


class AnswerRating(BaseModel):
    """What an account says of an answer; fields that are left out keep their values."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"rating": 1, "note": "Kind, and names the form."}},
    )

    rating: Thumbs | None = None
    note: NoteText | None = None


class SessionSummary(View):
    """A session in the list."""

    session_id: UUID
    name: str | None
    description: str | None
    project: str | None
    tags: list[str]
    message_count: int
    execution_count: int
    total_cost: Usd
    created_at: datetime
    last_message_at: datetime | None
    last_executed: datetime | None = Field(description="When a model or service was last called.")
    has_custom_prompt: bool
    metadata: dict[str, Any] | None
    is_shared: bool = Field(description="Whether other accounts may read it.")
    shared_by: str | None = Field(
        default=None, description="The email of its owner when another account shares it."
    )


class TrashedSession(SessionSummary):
    """A session in the trash, and from when on it is deleted for good."""

    deleted_at: datetime
    erased_after: datetime


class FoundSessions(Page[SessionSummary]):
    """A page of the sessions that a search has found, and how many older ones it left out."""

    unsearched_count: int = 0


class PlaygroundSessionView(SessionSummary):
    """A session with its draft, and the revision from which clients ask for changes."""

    revision: int
    draft: Draft
    unsent_message: str


class PlaygroundMessageView(View):
    """A message; tokens, cost and times are those of its execution."""

    id: UUID
    role: Speaker
    content: str
    attachments: list[AttachmentView]
    job_id: str | None
    status: ExecutionStatus | None
    custom_prompt: str | None
    service_used: str | None
    fallback_for: str | None
    response_time_ms: int | None
    first_token_ms: int | None
    total_tokens: int | None
    tokens_estimated: bool
    cost_usd: Usd | None
    finish_reason: str | None
    error: ExecutionError | None
    tool_executions: list[ToolExecution]
    is_by_service: bool
    late: bool
    alternatives: list[UUID] = Field(
        default=[],
        description="In the history: the messages at this place, one for each branch, when "
        "branches part here.",
    )
    rating: Thumbs | None
    note: str | None
    revision: int
    created_at: datetime
    updated_at: datetime


class SentMessage(View):
    """The stored message, and the ID of the job that answers it."""

    session_id: UUID
    user_message: PlaygroundMessageView
    job_id: str
    status: ExecutionStatus
