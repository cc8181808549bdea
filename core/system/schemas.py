"""Views of the installation's health."""

from datetime import datetime
from enum import StrEnum

from core.identity.schemas import View


class Condition(StrEnum):
    """Whether a part works."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


class Dependency(View):
    """The state of one part."""

    condition: Condition
    detail: str


class Health(View):
    """The state of all parts at a time."""

    checked_at: datetime
    version: str
    dependencies: dict[str, Dependency]

    @property
    def is_healthy(self) -> bool:
        """Whether every part works."""
        return all(part.condition is Condition.HEALTHY for part in self.dependencies.values())
