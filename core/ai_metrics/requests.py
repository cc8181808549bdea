"""Views of single AI requests, for lists and details."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from core.ai_metrics.schemas import CostSource, RequestStatus
from core.identity.schemas import View
from core.presentation.money import Usd


class RequestOrder(StrEnum):
    """In which order requests are listed."""

    NEWEST = "newest"
    SLOWEST = "slowest"
    DEAREST = "dearest"


class RequestView(View):
    """One request as a list shows it, a long `error_message` cut; ids are ours, external ones the sender's."""

    id: UUID
    external_id: str | None
    created_at: datetime
    provider: str
    model: str
    operation: str | None
    status: RequestStatus
    error_type: str | None
    error_message: str | None
    finish_reason: str | None
    total_latency_ms: int | None
    first_token_ms: int | None
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    total_tokens: int | None
    cost_usd: Usd | None
    cost_source: CostSource
    tool_calls_count: int
    user_id: UUID | None
    user_external_id: str | None
    conversation_id: UUID | None
    conversation_external_id: str | None
    message_id: UUID | None
    environment: str
    app: str
    release: str
    truncated: tuple[str, ...] = ()


class RequestDetail(RequestView):
    """One request with its steps. What may hold words of users is there for those who may read them."""

    steps: list[dict[str, Any]]
    tool_calls: list[dict[str, Any]]
    attributes: dict[str, Any] | None
    price_id: UUID | None
    prompt_version_id: UUID | None
    experiment_arm: str | None
    import_id: UUID | None
    received_at: datetime
