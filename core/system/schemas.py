"""Views of the installation's health."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Condition(StrEnum):
    """Whether a part does its work."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


class Dependency(BaseModel):
    """One part, and what is known of it."""

    model_config = ConfigDict(frozen=True)

    condition: Condition
    detail: str


class Health(BaseModel):
    """All parts at one moment."""

    model_config = ConfigDict(frozen=True)

    checked_at: datetime
    version: str
    dependencies: dict[str, Dependency]

    @property
    def is_healthy(self) -> bool:
        """Whether every part does its work."""
        return all(part.condition is Condition.HEALTHY for part in self.dependencies.values())
