"""How the parts are."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from api.deps import ActorDep
from core.identity.permissions import Permission, require
from core.system import queries
from core.system.schemas import Condition, Health

router = APIRouter(prefix="/admin/system", tags=["System"])


class HealthAnswer(BaseModel):
    """The parts and their condition; details are for those who may see them."""

    status: Condition
    timestamp: datetime
    version: str
    dependencies: dict[str, dict[str, str]]


@router.get("/health")
def health(actor: ActorDep) -> HealthAnswer:
    """Return the condition of every part, with details."""
    require(actor, Permission.READ_HEALTH)
    return answer(queries.health(), with_details=True)


def answer(found: Health, *, with_details: bool) -> HealthAnswer:
    """Return what is told of the parts: to those without a credential, no details."""
    dependencies = {
        name: {"status": part.condition.value} | ({"detail": part.detail} if with_details else {})
        for name, part in found.dependencies.items()
    }
    status = Condition.HEALTHY if found.is_healthy else Condition.UNHEALTHY
    return HealthAnswer(status=status, timestamp=found.checked_at, version=found.version, dependencies=dependencies)
