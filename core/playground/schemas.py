"""Sessions and messages of the playground."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from core.executions.schemas import ExecutionError, ExecutionStatus, ToolExecution, ToolName
from core.identity.schemas import View
from core.ingest.json_objects import JsonObject
from core.presentation.money import Usd
from core.providers.schemas import Parameters

MAX_MESSAGE_CHARS = 32_000
MAX_PROMPT_CHARS = 50_000


class Speaker(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


MessageText = Annotated[str, StringConstraints(min_length=1, max_length=MAX_MESSAGE_CHARS)]


class NewPlaygroundMessage(BaseModel):
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
    model: str | None = Field(default=None, max_length=300)
    parameters: Parameters = Parameters()
    tools: tuple[ToolName, ...] = Field(
        default=(), max_length=64, description="Names of Attune's tools that the model may call."
    )
    metadata: JsonObject | None = Field(
        default=None, description="Stored with the session, instead of what it had."
    )


class Draft(BaseModel):
    """A chat's settings (model, parameters, prompt, tools), stored for every tab and visit."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str | None = None
    parameters: Parameters = Parameters()
    custom_prompt: str | None = Field(default=None, max_length=MAX_PROMPT_CHARS)
    tools: tuple[str, ...] = ()


class SessionSummary(View):
    """A session in the list."""

    session_id: UUID
    name: str | None
    message_count: int
    execution_count: int
    total_cost: Usd
    created_at: datetime
    last_message_at: datetime | None
    has_custom_prompt: bool
    metadata: dict[str, Any] | None


class PlaygroundSessionView(SessionSummary):
    """A session with its draft, and the revision from which clients ask for changes."""

    revision: int
    draft: Draft


class PlaygroundMessageView(View):
    """A message; tokens, cost and times are those of its execution."""

    id: UUID
    role: Speaker
    content: str
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
    revision: int
    created_at: datetime
    updated_at: datetime


class SentMessage(View):
    """The stored message, and the ID of the job that answers it."""

    session_id: UUID
    user_message: PlaygroundMessageView
    job_id: str
    status: ExecutionStatus
