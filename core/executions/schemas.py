"""A model call: what is asked for, how it ended, and what the API and the pages see of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.ingest.json_objects import JsonObject
from core.presentation.money import Usd
from core.providers.chunks import Usage
from core.providers.prices import UNPRICED, Cost
from core.providers.schemas import ChatMessage, Parameters, Tool

LONGEST_TEXT = 1_000_000
LONGEST_CONVERSATION = 2000  # messages


class ExecutionStatus(StrEnum):
    """Where a call is."""

    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class NewExecution(BaseModel):
    """What to ask of which model. `messages` come before `prompt`; `context` is stored and never sent by itself."""

    model_config = ConfigDict(
        frozen=True,
        protected_namespaces=(),
        json_schema_extra={
            "example": {
                "model_id": "local:smollm2-135m-instruct",
                "prompt": "What is the capital of France?",
                "system_prompt": "Answer in one sentence.",
                "parameters": {"temperature": 0.2, "max_tokens": 100},
            }
        },
    )

    model_id: str = Field(min_length=1, max_length=300)
    prompt: str = Field(min_length=1, max_length=LONGEST_TEXT)
    system_prompt: str | None = Field(default=None, max_length=LONGEST_TEXT)
    messages: tuple[ChatMessage, ...] = Field(default=(), max_length=LONGEST_CONVERSATION)
    parameters: Parameters = Parameters()
    context: JsonObject | None = None
    tools: tuple[Tool, ...] = Field(default=(), max_length=128)
    session_id: UUID | None = None


class TokenUsage(BaseModel):
    """Tokens and cost, as the contract names them. `estimated_cost` is in USD; null is unpriced, which is not zero."""

    model_config = ConfigDict(frozen=True)

    prompt_tokens: int | None
    completion_tokens: int | None
    total_tokens: int | None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    estimated_cost: Usd | None
    cost_source: str | None = None
    is_estimated: bool = False


class ToolExecution(BaseModel):
    """A tool that the model asked to have called."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    arguments: str


class ExecutionError(BaseModel):
    """Why a call failed, in words for a person."""

    model_config = ConfigDict(frozen=True)

    code: str
    reason: str
    detail: str


class ExecutionView(BaseModel):
    """A call as its owner sees it."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    id: UUID
    session_id: UUID | None
    model_id: str
    provider: str
    response: str
    usage: TokenUsage
    tool_executions: list[ToolExecution]
    execution_time_ms: int | None
    first_token_ms: int | None
    finish_reason: str | None
    status: ExecutionStatus
    error: ExecutionError | None
    created_at: datetime


@dataclass(frozen=True)
class CallOutcome:
    """How a call ended."""

    status: ExecutionStatus
    response: str
    tool_executions: tuple[ToolExecution, ...] = ()
    usage: Usage | None = None
    cost: Cost = UNPRICED
    first_token_ms: int | None = None
    execution_time_ms: int | None = None
    finish_reason: str | None = None
    error: ExecutionError | None = None
