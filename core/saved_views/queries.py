"""Read an account's own saved views and the shared ones."""

from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from core.database.tables import table_of
from core.identity.models import AdminUser
from core.identity.permissions import Permission, may, require_any
from core.identity.schemas import Actor
from core.saved_views.errors import ViewMissing
from core.saved_views.models import SavedView
from core.saved_views.schemas import SavedViewDetails, ViewPage

views, accounts = table_of(SavedView), table_of(AdminUser)


def list_views(
    session: Session, page: ViewPage | None = None, *, actor: Actor
) -> list[SavedViewDetails]:
    """Return the views that the actor sees, by name; API keys see the shared ones."""
    _require_pages(actor)
    rows = _visible(actor).order_by(func.lower(views.c.name), views.c.id)
    if page is not None:
        rows = rows.where(views.c.page == page)
    return _details(session, rows)


def list_pinned(session: Session, *, actor: Actor) -> list[SavedViewDetails]:
    """Return the views whose cards are on the actor's Overview, oldest first."""
    return _details(session, _visible(actor).where(views.c.is_pinned).order_by(views.c.id))


def list_in_digest(session: Session) -> list[SavedViewDetails]:
    """Return the views of all accounts that the weekly digest covers, by page and age."""
    return _details(session, _all().where(views.c.in_digest).order_by(views.c.page, views.c.id))


def get_view(session: Session, view_id: UUID, *, actor: Actor) -> SavedViewDetails:
    """Return a view that the actor sees; raise ViewMissing."""
    _require_pages(actor)
    found = _details(session, _visible(actor).where(views.c.id == view_id))
    if not found:
        raise ViewMissing
    return found[0]


def _require_pages(actor: Actor) -> None:
    require_any(actor, Permission.WATCH, Permission.ANNOTATE)


def _all() -> Select[tuple[object, ...]]:
    return select(
        *(views.c[name] for name in SavedViewDetails.model_fields if name in views.c),
        views.c.admin_user_id.label("owner_id"),
        accounts.c.full_name.label("owner_name"),
    ).join(accounts, accounts.c.id == views.c.admin_user_id)


def _visible(actor: Actor) -> Select[tuple[object, ...]]:
    # Also of shared views: filters may name users and words of conversations
    pages = [page for page in ViewPage if may(actor, page.permission)]
    is_visible = views.c.is_shared | (views.c.admin_user_id == actor.id)
    return _all().where(is_visible, views.c.page.in_(pages))


def _details(session: Session, rows: Select[tuple[object, ...]]) -> list[SavedViewDetails]:
    return [SavedViewDetails.model_validate(dict(row)) for row in session.execute(rows).mappings()]
