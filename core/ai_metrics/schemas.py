"""AI requests as they come in and as they are shown."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta

from core.intake import Count, Id, LongText, Name, Row, Word
from core.providers.prices import CostSource

MOST_STEPS = 200

MOST_USD = 100_000
Milliseconds = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Parts = Annotated[list[dict[str, Any]], Meta(max_length=MOST_STEPS)]

__all__ = ["MOST_STEPS", "CostSource", "NewRequest", "RequestStatus"]


class RequestStatus(StrEnum):
    """How a request ended; pending ones count as requests, not in rates or latencies."""

    OK = "ok"
    ERROR = "error"
    PENDING = "pending"


class NewRequest(Row):
    """One request to a model, by the columns' own names."""

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
    tool_calls: Parts | None = None
    steps: Parts | None = None
    finish_reason: Word | None = None
    status: RequestStatus | None = None
    error_type: Word | None = None
    error_message: LongText | None = None
    cost_usd: Decimal | None = None
    prompt_version_id: Id | None = None
    experiment_arm: Name | None = None

    def __post_init__(self) -> None:
        """Refuse what is no price of a call."""
        if self.cost_usd is not None and not (self.cost_usd.is_finite() and 0 <= self.cost_usd <= MOST_USD):
            raise ValueError("cost_usd: not a number of dollars from 0 to 100,000")
