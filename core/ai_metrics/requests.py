"""Views of single AI requests, for lists and details."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from core.ai_metrics.schemas import CostSource, RequestStatus
from core.identity.schemas import View
from core.presentation.money import Usd


class RequestOrder(StrEnum):
    """In which order requests are listed; those with failed tool calls alone, newest first."""

    NEWEST = "newest"
    SLOWEST = "slowest"
    MOST_EXPENSIVE = "most_expensive"
    FAILED_TOOL_CALLS = "failed_tool_calls"


@dataclass(frozen=True)
class LatencyRange:
    """More than `from_ms` and up to `to_ms`, as a bar of the histogram has it."""

    from_ms: int
    to_ms: int

    @classmethod
    def read(cls, given: str | None) -> "LatencyRange | None":
        """Return the range of an address, `1000-1200`; None without a valid one."""
        found = re.fullmatch(r"(\d{1,9})-(\d{1,9})", given or "", re.ASCII)
        return cls(int(found[1]), int(found[2])) if found else None


class RequestView(View):
    """A request in a list, with a long `error_message` cut; external IDs are the sender's."""

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
    prompt_name: str | None
    prompt_version: str | None
    prompt_label: str | None
    experiment_key: str | None
    experiment_arm: str | None
    truncated: tuple[str, ...] = ()


class RequestDetail(RequestView):
    """A request with its steps; contents only for roles that may read them."""

    steps: list[dict[str, Any]]
    tool_calls: list[dict[str, Any]]
    attributes: dict[str, Any] | None
    price_id: UUID | None
    prompt_version_id: UUID | None
    import_id: UUID | None
    received_at: datetime
