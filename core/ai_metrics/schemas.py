"""AI requests as received."""

from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from core.ingest.prompts import (
    NESTED,
    REFERENCES,
    ExperimentReference,
    PromptReference,
    Reference,
    Version,
    flatten,
)
from core.ingest.rows import (
    MOST_STEPS,
    Count,
    Id,
    LongText,
    Milliseconds,
    Name,
    Parts,
    Row,
    Word,
    wrong_dollars,
)
from core.providers.packaged_prices import CostSource

__all__ = ["MOST_STEPS", "CostSource", "NewRequest", "RequestStatus"]

LONGEST_DURATION_MS = 10**9


class RequestStatus(StrEnum):
    """How a request ended; pending ones count as requests, not in rates or latencies."""

    OK = "ok"
    ERROR = "error"
    PENDING = "pending"


class NewRequest(Row):
    """One request to a model, by the columns' own names."""

    texts: ClassVar = ("tool_calls", "steps", "error_message", "extra")
    nested: ClassVar = NESTED
    names: ClassVar = (*Row.names, "provider", "model", "error_type", *REFERENCES)

    model: Name
    provider: Name | None = None
    operation: Name | None = None
    conversation_id: Id | None = None
    message_id: Id | None = None
    user_id: Id | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cached_tokens: Count | None = None
    cache_write_tokens: Count | None = None
    reasoning_tokens: Count | None = None
    total_tokens: Count | None = None
    first_token_ms: Milliseconds | None = None
    total_latency_ms: Milliseconds | None = None
    tool_calls_count: Count | None = None
    tool_calls: Parts | None = None
    steps: Parts | None = None
    finish_reason: Word | None = None
    status: RequestStatus | None = None
    error_type: Word | None = None
    error_message: LongText | None = None
    cost_usd: Decimal | None = None
    prompt_version_id: UUID | None = None
    prompt: PromptReference | str | None = None
    prompt_name: Reference | None = None
    prompt_version: Version | None = None
    prompt_label: Reference | None = None
    experiment: ExperimentReference | str | None = None
    experiment_key: Reference | None = None
    experiment_arm: Reference | None = None

    def __post_init__(self) -> None:
        """Refuse negative or incomplete prices, and names that no index could hold; flatten
        references, and normalize tool calls.
        """
        if wrong := wrong_dollars("cost_usd", self.cost_usd):
            raise ValueError(wrong)
        for call in self.tool_calls or ():
            _normalize(call)
        flatten(self)
        super().__post_init__()


def _normalize(call: dict[str, Any]) -> None:
    # A call with this key counts as failed; many programs send it empty with every call
    if not call.get("error", True):
        del call["error"]
    # What OpenAI answers, as programs pass it on, has the name one level lower
    function = call.get("function")
    if isinstance(function, dict) and isinstance(function.get("name"), str):
        call.setdefault("name", function["name"])
    # Clocks of programs measure fractions, and figures count whole milliseconds
    duration = call.get("duration_ms")
    if isinstance(duration, float) and abs(duration) <= LONGEST_DURATION_MS:
        call["duration_ms"] = round(duration)
