"""Routes of saved views: a page's filters under a name."""

from uuid import UUID

from fastapi import APIRouter

from api.deps import ActorDep, SessionDep
from api.reference import CONFLICT
from core.database.paging import Items
from core.saved_views import queries, service
from core.saved_views.schemas import NewSavedView, SavedViewChange, SavedViewDetails, ViewPage

router = APIRouter(prefix="/admin/views", tags=["Saved views"])


@router.get("")
def list_views(
    session: SessionDep, actor: ActorDep, page: ViewPage | None = None
) -> Items[SavedViewDetails]:
    """List your saved views and the shared ones, of the pages that you may open."""
    return Items(items=queries.list_views(session, page, actor=actor))


@router.post("", status_code=201, responses=CONFLICT)
def create_view(
    new_saved_view: NewSavedView, session: SessionDep, actor: ActorDep
) -> SavedViewDetails:
    """Save a page's filters under a name, for yourself or for everyone."""
    return service.create_view(session, new_saved_view, actor=actor)


@router.get("/{view_id}")
def get_view(view_id: UUID, session: SessionDep, actor: ActorDep) -> SavedViewDetails:
    """Return a saved view."""
    return queries.get_view(session, view_id, actor=actor)


@router.patch("/{view_id}", responses=CONFLICT)
def change_view(
    view_id: UUID, change: SavedViewChange, session: SessionDep, actor: ActorDep
) -> SavedViewDetails:
    """Change a view of your own: its name, its filters, who sees it, and where."""
    return service.change_view(session, view_id, change, actor=actor)


@router.delete("/{view_id}", status_code=204)
def delete_view(view_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Delete a view of your own, or as an admin a shared one."""
    service.delete_view(session, view_id, actor=actor)
