"""Sessions and messages of the playground."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from core.executions.schemas import ExecutionError, ExecutionStatus
from core.presentation.money import Usd
from core.providers.schemas import Parameters

LONGEST_MESSAGE = 32_000
LONGEST_PROMPT = 50_000


class Speaker(StrEnum):
    """Who says a message."""

    USER = "user"
    ASSISTANT = "assistant"


MessageText = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_MESSAGE)]


class NewPlaygroundMessage(BaseModel):
    """What to say, in which session, to which model, under which prompt."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"message": "What is the capital of France?", "custom_prompt": "Answer in one word."}},
    )

    message: MessageText
    session_id: UUID | None = None
    custom_prompt: str | None = Field(default=None, max_length=LONGEST_PROMPT)
    model: str | None = Field(default=None, max_length=300)
    parameters: Parameters = Parameters()


class Draft(BaseModel):
    """What is set beside the chat, kept with the session so that every tab and the next visit find the same."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str | None = None
    parameters: Parameters = Parameters()
    custom_prompt: str | None = Field(default=None, max_length=LONGEST_PROMPT)


class SessionSummary(BaseModel):
    """A session in the list."""

    model_config = ConfigDict(frozen=True)

    session_id: UUID
    name: str | None
    message_count: int
    execution_count: int
    total_cost: Usd
    created_at: datetime
    last_message_at: datetime | None
    has_custom_prompt: bool


class PlaygroundSessionView(SessionSummary):
    """One session, with what is set beside its chat, and the revision to read its messages by."""

    revision: int
    draft: Draft


class PlaygroundMessageView(BaseModel):
    """One message; figures are those of its execution."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    role: Speaker
    content: str
    job_id: str | None
    status: ExecutionStatus | None
    custom_prompt: str | None
    service_used: str | None
    response_time_ms: int | None
    first_token_ms: int | None
    total_tokens: int | None
    tokens_estimated: bool
    cost_usd: Usd | None
    finish_reason: str | None
    error: ExecutionError | None
    revision: int
    created_at: datetime
    updated_at: datetime


class Sent(BaseModel):
    """A message that is on record, and the job that answers it."""

    model_config = ConfigDict(frozen=True)

    session_id: UUID
    user_message: PlaygroundMessageView
    job_id: str
    status: ExecutionStatus
