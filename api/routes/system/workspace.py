"""Routes of the workspace's settings."""

from fastapi import APIRouter

from api.deps import ActorDep, SessionDep
from api.reference import MISSING
from core.database import settings
from core.identity.permissions import Permission, require
from core.system import workspace

router = APIRouter(prefix="/admin", tags=["System"])


@router.get("/settings")
def read(session: SessionDep, actor: ActorDep) -> settings.Workspace:
    """Return the workspace's settings."""
    require(actor, Permission.CHANGE_WORKSPACE)
    return settings.read(session, settings.Workspace)


@router.put("/settings", responses=MISSING)
def write(changes: settings.Workspace, session: SessionDep, actor: ActorDep) -> settings.Workspace:
    """Change the workspace's settings; fields that are left out stay."""
    return workspace.change(session, changes, actor=actor)
