"""Routes of the workspace's settings."""

from fastapi import APIRouter

from api.deps import ActorDep, SessionDep
from api.reference import MISSING
from core.system import workspace

router = APIRouter(prefix="/admin", tags=["System"])


@router.get("/settings")
def read(session: SessionDep, actor: ActorDep) -> workspace.WorkspaceSettings:
    """Return the workspace's settings."""
    return workspace.read(session, actor=actor)


@router.put("/settings", responses=MISSING)
def write(
    changes: workspace.WorkspaceSettings, session: SessionDep, actor: ActorDep
) -> workspace.WorkspaceSettings:
    """Change the workspace's settings; fields that are left out stay. Another default prompt is a
    new version of the prompt `default`, in production.
    """
    return workspace.change(session, changes, actor=actor)
