"""Routes of saved funnels: the workspace's, and others."""

from uuid import UUID

from fastapi import APIRouter, Depends

from api.deps import ActorDep, SessionDep
from api.reference import CONFLICT
from api.watch_parameters import WatchedDep, watcher
from core.activity.funnel_views import FunnelView
from core.activity.schemas import FunnelDefinition, FunnelVersionView, SavedFunnelView
from core.activity.service import saved_funnels
from core.database.paging import Items
from core.system import workspace

router = APIRouter(prefix="/admin/funnels", tags=["Saved funnels"], dependencies=[Depends(watcher)])


@router.get("")
def list_funnels(session: SessionDep, actor: ActorDep) -> Items[SavedFunnelView]:
    """List saved funnels, the workspace's first: users' statuses and the Overview follow it."""
    return Items(items=saved_funnels.list_funnels(session, actor=actor))


@router.post("", status_code=201, responses=CONFLICT)
def create_funnel(
    definition: FunnelDefinition, session: SessionDep, actor: ActorDep
) -> SavedFunnelView:
    """Save a funnel of any event types that were received."""
    return saved_funnels.create_funnel(session, definition, actor=actor)


@router.post("/preview")
def preview_funnel(
    definition: FunnelDefinition, watched: WatchedDep, session: SessionDep, actor: ActorDep
) -> FunnelView:
    """Return a funnel of the last 30 days without saving it."""
    return saved_funnels.preview_funnel(session, definition, watched, workspace.zone(), actor=actor)


@router.get("/{funnel_id}")
def get_funnel(funnel_id: UUID, session: SessionDep, actor: ActorDep) -> SavedFunnelView:
    """Return a saved funnel."""
    return saved_funnels.get_funnel(session, funnel_id, actor=actor)


@router.put("/{funnel_id}", responses=CONFLICT)
def change_funnel(
    funnel_id: UUID, definition: FunnelDefinition, session: SessionDep, actor: ActorDep
) -> SavedFunnelView:
    """Save a funnel again: other steps, window or order make a new version."""
    return saved_funnels.change_funnel(session, funnel_id, definition, actor=actor)


@router.delete("/{funnel_id}", status_code=204, responses=CONFLICT)
def delete_funnel(funnel_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Delete a saved funnel; the workspace's stays until another one is."""
    saved_funnels.delete_funnel(session, funnel_id, actor=actor)


@router.get("/{funnel_id}/versions")
def list_versions(
    funnel_id: UUID, session: SessionDep, actor: ActorDep
) -> Items[FunnelVersionView]:
    """List a funnel's versions, the latest first."""
    return Items(items=saved_funnels.list_versions(session, funnel_id, actor=actor))
