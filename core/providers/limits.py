"""Limits of a provider: calls beyond them wait in its queue (core/executions/provider_queue.py)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MAX_CONCURRENT, MAX_CALLS_PER_MINUTE = 1_000, 10_000

MaxConcurrent = Annotated[int, Field(ge=1, le=MAX_CONCURRENT)]
CallsPerMinute = Annotated[int, Field(ge=1, le=MAX_CALLS_PER_MINUTE)]


class CallLimits(BaseModel):
    """How many calls a provider gets, of all processes together; null is no limit."""

    model_config = ConfigDict(frozen=True)

    max_concurrent: MaxConcurrent | None = Field(
        default=None, description="Calls in progress at the same time; null for no limit."
    )
    calls_per_minute: CallsPerMinute | None = Field(
        default=None, description="Calls begun within 60 seconds; null for no limit."
    )

    @property
    def are_set(self) -> bool:
        """Whether there is any limit."""
        return self.max_concurrent is not None or self.calls_per_minute is not None


NO_LIMITS = CallLimits()
