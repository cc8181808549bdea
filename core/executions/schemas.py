"""Inputs, outcomes and views of model calls."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from core.identity.schemas import View
from core.ingest.json_objects import JsonObject
from core.ingest.null_defaults import OrDefault
from core.presentation.money import Usd
from core.providers.chunks import Usage
from core.providers.packaged_prices import UNPRICED, Cost
from core.providers.schemas import (
    ANY_TOOL,
    ChatMessage,
    MessageRole,
    ModelCall,
    Parameters,
    Route,
    Tool,
)
from core.providers.structured_output import ResponseSchema
from core.providers.tools.tool_calls import check_answered
from core.quotas.queries import Applying

if TYPE_CHECKING:
    from core.executions.tools.toolboxes import Toolbox

MAX_TEXT_CHARS = 1_000_000
MAX_MESSAGES = 2000  # messages


class ExecutionStatus(StrEnum):
    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ToolCallStatus(StrEnum):
    """The state of a tool call; the caller runs its own tools, whose calls stay `requested`."""

    REQUESTED = "requested"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    AWAITING_CONFIRMATION = "awaiting_confirmation"


ToolName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]

CostLimit = Annotated[Decimal, Field(gt=0, lt=10**6, decimal_places=8)]


class NewExecution(BaseModel):
    """A call to make.

    `messages` come before `prompt`, which may be left out when they end with a message of the user
    or the result of a tool; `context` and `metadata` are stored, but not sent to the model. Of the
    `tools`, Attune runs those that are names of its own; calls of the others are the caller's.
    """

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
    prompt: OrDefault[str] = Field(default="", max_length=MAX_TEXT_CHARS)
    system_prompt: str | None = Field(default=None, max_length=MAX_TEXT_CHARS)
    messages: OrDefault[tuple[ChatMessage, ...]] = Field(default=(), max_length=MAX_MESSAGES)
    parameters: OrDefault[Parameters] = Parameters()
    context: JsonObject | None = None
    metadata: JsonObject | None = None
    tools: OrDefault[tuple[Tool | ToolName, ...]] = Field(default=(), max_length=128)
    tool_choice: str | None = Field(
        default=None,
        max_length=64,
        description="`required`, or the name of the tool that the model must call first.",
    )
    parallel_tool_calls: OrDefault[bool] = Field(
        default=True, description="Whether one answer may call several tools."
    )
    response_schema: ResponseSchema | None = None
    cache: OrDefault[bool] = Field(
        default=False,
        description="Give the answer of an identical call of yours of the last hour (Settings > "
        "Workspace), at no cost. For calls with `temperature` 0 or a `seed`, and without tools.",
    )
    cost_limit_usd: CostLimit | None = Field(
        default=None,
        description="The most that this call may cost with its rounds of tools. A round that may "
        "cost more, at worst, is not made; answers without `max_tokens` have at most 4,096 tokens.",
    )
    session_id: UUID | None = None
    template_version_id: UUID | None = Field(default=None, description="Set by Attune.")

    @model_validator(mode="after")
    def _tool_calls_are_answered(self) -> Self:
        check_answered(self.messages)
        return self

    @model_validator(mode="after")
    def _has_text(self) -> Self:
        if not self.prompt and not self.ends_with_input:
            raise ValueError("prompt is missing")
        return self

    @model_validator(mode="after")
    def _tool_choice_is_a_tool(self) -> Self:
        names = [tool if isinstance(tool, str) else tool.name for tool in self.tools]
        if self.tool_choice not in (None, *names, *([ANY_TOOL] if names else [])):
            raise ValueError("tool_choice is none of the tools")
        return self

    @property
    def ends_with_input(self) -> bool:
        """Whether a model can answer the messages without a prompt after them."""
        input_roles = (MessageRole.USER, MessageRole.TOOL)
        return bool(self.messages) and self.messages[-1].role in input_roles

    @property
    def tool_names(self) -> tuple[str, ...]:
        """The names of the tools that Attune runs."""
        return tuple(tool for tool in self.tools if isinstance(tool, str))

    def stored_parameters(self) -> dict[str, Any]:
        """Return what was set of the parameters, the choice of tools and the form, as stored."""
        more = {"response_schema": self.response_schema, "tool_choice": self.tool_choice}
        one_tool = {} if self.parallel_tool_calls else {"parallel_tool_calls": False}
        set_ones = {name: each for name, each in more.items() if each}
        return self.parameters.set_values() | set_ones | one_tool


class TokenUsage(View):
    """Tokens and cost under the API's names; `estimated_cost` is in USD, null when unpriced."""

    prompt_tokens: int | None
    completion_tokens: int | None
    total_tokens: int | None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    estimated_cost: Usd | None
    cost_source: str | None = None
    is_estimated: bool = False


class ToolExecution(View):
    """A tool call that the model requested; `result` is the JSON text that answers it.

    `is_untrusted`: the result has texts of users, documents or other machines.
    """

    id: str
    name: str
    arguments: str
    status: ToolCallStatus = ToolCallStatus.REQUESTED
    result: str | None = None
    error: str | None = None
    time_ms: int | None = None
    is_untrusted: bool = False

    @property
    def has_ended(self) -> bool:
        """Whether it has a result or an error, and waits for nothing."""
        return self.status in (ToolCallStatus.COMPLETED, ToolCallStatus.FAILED)


class ExecutionError(View):
    """Why a call failed; `detail` is the message for the user."""

    code: str
    reason: str
    detail: str


class ExecutionView(BaseModel):
    """A call as its owner sees it."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    id: UUID
    session_id: UUID | None
    template_version_id: UUID | None
    model_id: str
    provider: str
    fallback_for: str | None = Field(
        default=None, description="The model that was asked for, when the fallback model answered."
    )
    cached_from: UUID | None = Field(
        default=None,
        description="The execution whose answer this is, when no model was called again.",
    )
    response: str
    usage: TokenUsage
    tool_executions: list[ToolExecution]
    execution_time_ms: int | None
    first_token_ms: int | None
    finish_reason: str | None
    status: ExecutionStatus
    error: ExecutionError | None
    metadata: dict[str, Any] | None
    service_id: UUID | None = Field(default=None, description="The service that answers.")
    late: bool = Field(default=False, description="The service answered after its timeout.")
    created_at: datetime


INTERRUPTED = ExecutionError(
    code="provider_failed",
    reason="interrupted",
    detail="Attune was restarted during this answer. Send the message again.",
)


@dataclass(frozen=True)
class CallOutcome:
    """The result of a call; times in milliseconds."""

    status: ExecutionStatus
    response: str
    tool_executions: tuple[ToolExecution, ...] = ()
    usage: Usage | None = None
    cost: Cost = UNPRICED
    fallback: Route | None = None  # of the fallback model, when it answered
    first_token_ms: int | None = None
    execution_time_ms: int | None = None
    finish_reason: str | None = None
    error: ExecutionError | None = None


@dataclass(frozen=True)
class CachedAnswer:
    """The answer of an identical execution."""

    execution_id: UUID
    response: str
    finish_reason: str | None


@dataclass(frozen=True)
class PendingExecution:
    """A stored, pending call that can be made."""

    id: UUID
    route: Route
    call: ModelCall
    new_execution: NewExecution
    owner: UUID
    created_at: datetime
    is_of_key: bool = False
    toolbox: "Toolbox | None" = None
    quotas: Applying = ()  # of which it has reserved the most that it may use
    cached: CachedAnswer | None = None  # instead of a call of the model

    def view(self, outcome: CallOutcome) -> ExecutionView:
        """Return the view of the ended call, without reading the row that was just stored."""
        usage, answered_by = outcome.usage, outcome.fallback or self.route
        token_usage = TokenUsage(
            prompt_tokens=usage.input if usage else None,
            completion_tokens=usage.output if usage else None,
            total_tokens=usage.total if usage else None,
            cached_tokens=usage.cached if usage else None,
            reasoning_tokens=usage.reasoning if usage else None,
            estimated_cost=outcome.cost.usd,
            cost_source=outcome.cost.source,
            is_estimated=usage.is_estimated if usage else False,
        )
        return ExecutionView(
            id=self.id,
            session_id=self.new_execution.session_id,
            template_version_id=self.new_execution.template_version_id,
            model_id=answered_by.model.id,
            provider=answered_by.connection.name,
            fallback_for=self.route.model.id if outcome.fallback else None,
            cached_from=self.cached.execution_id if self.cached else None,
            response=outcome.response,
            usage=token_usage,
            tool_executions=list(outcome.tool_executions),
            execution_time_ms=outcome.execution_time_ms,
            first_token_ms=outcome.first_token_ms,
            finish_reason=outcome.finish_reason,
            status=outcome.status,
            error=outcome.error,
            metadata=self.new_execution.metadata,
            created_at=self.created_at,
        )
