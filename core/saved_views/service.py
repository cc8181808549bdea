"""Save, change and delete views."""

from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database.db import refuse_duplicates
from core.errors import Forbidden
from core.identity.permissions import Permission, may, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.platform.ids import new_id
from core.saved_views import queries
from core.saved_views.errors import (
    FigureUnknown,
    TooManyPinned,
    TooManyViews,
    ViewMissing,
    ViewNameTaken,
)
from core.saved_views.figures import FIGURES
from core.saved_views.models import SavedView
from core.saved_views.schemas import NewSavedView, SavedViewChange, SavedViewDetails, ViewPage

MOST_VIEWS, MOST_PINNED = 200, 12  # of one account


def create_view(
    session: Session, new_saved_view: NewSavedView, *, actor: Actor
) -> SavedViewDetails:
    """Save filters under a name.

    Raises Forbidden, FigureUnknown, ViewNameTaken, TooManyViews or TooManyPinned.
    """
    # Views belong to accounts, which their column refers to
    if actor.is_program:
        raise Forbidden("API keys can't save views. Sign in instead.")
    require(actor, new_saved_view.page.permission)
    _check_figure(new_saved_view.page, new_saved_view.figure)
    # Without a lock: two at once may save one too many, which harms nobody
    owned = select(func.count()).where(SavedView.admin_user_id == actor.id)
    if (session.scalar(owned) or 0) >= MOST_VIEWS:
        raise TooManyViews
    if new_saved_view.is_pinned:
        _check_pinned(session, actor)
    row = SavedView(id=new_id(), admin_user_id=actor.id, **new_saved_view.model_dump())
    row.name = new_saved_view.name.strip()
    session.add(row)
    _flush(session)
    audit.record(session, "view.create", actor, targets=_target(row), after=_facts(row))
    return queries.get_view(session, row.id, actor=actor)


def change_view(
    session: Session, view_id: UUID, change: SavedViewChange, *, actor: Actor
) -> SavedViewDetails:
    """Change the actor's own view.

    Raises ViewMissing, Forbidden, FigureUnknown, ViewNameTaken or TooManyPinned.
    """
    row, _ = _lock(session, view_id, actor)
    if row.admin_user_id != actor.id:
        raise Forbidden("Only its owner can change this view.")
    _check_figure(ViewPage(row.page), change.figure)
    if change.is_pinned and not row.is_pinned:
        _check_pinned(session, actor)
    before = _facts(row)
    for name, value in change.model_dump(exclude_none=True).items():
        setattr(row, name, value.strip() if name == "name" else value)
    _flush(session)
    audit.record(
        session, "view.change", actor, targets=_target(row), before=before, after=_facts(row)
    )
    return queries.get_view(session, row.id, actor=actor)


def delete_view(session: Session, view_id: UUID, *, actor: Actor) -> None:
    """Delete the actor's own view, or as an admin a shared one; raise ViewMissing or Forbidden."""
    row, view = _lock(session, view_id, actor)
    if not may_delete(view, actor):
        raise Forbidden("Only its owner or an admin can delete this view.")
    audit.record(session, "view.delete", actor, targets=_target(row), before=_facts(row))
    session.delete(row)


def hand_over_shared(session: Session, account_id: UUID, *, to: UUID) -> None:
    """Give another account the shared views of one that is removed, under names that are free."""
    of_both = SavedView.admin_user_id.in_([account_id, to])
    # Locked, so that none is deleted or renamed before it is handed over
    rows = list(session.scalars(select(SavedView).where(of_both).with_for_update()))
    taken = {_place(row, row.name) for row in rows if row.admin_user_id == to}
    given = [row for row in rows if row.admin_user_id == account_id and row.is_shared]
    all_names = taken | {_place(row, row.name) for row in given}
    for row in given:
        if _place(row, row.name) in taken:
            # Shortened, so that the number fits into the 80 characters of a name.
            names = (f"{row.name[:70]} ({number})" for number in count(2))
            row.name = next(name for name in names if _place(row, name) not in all_names)
            all_names.add(_place(row, row.name))
        row.admin_user_id = to
    session.flush()


def _place(row: SavedView, name: str) -> tuple[str, str]:
    return row.page, name.lower()


def may_delete(view: SavedViewDetails, actor: Actor) -> bool:
    """Whether the actor may delete a view that they see."""
    return view.owner_id == actor.id or may(actor, Permission.CHANGE_WORKSPACE)


def _check_figure(page: ViewPage, figure: str | None) -> None:
    if figure is not None and figure not in FIGURES[page]:
        known = ", ".join(FIGURES[page])
        raise FigureUnknown(f"This page has no such figure. Choose one of: {known}.")


def _check_pinned(session: Session, actor: Actor) -> None:
    """Each card is read with the Overview, those of shared views on everyone's."""
    pinned = (SavedView.admin_user_id == actor.id, SavedView.is_pinned)
    if (session.scalar(select(func.count()).where(*pinned)) or 0) >= MOST_PINNED:
        raise TooManyPinned


def _lock(session: Session, view_id: UUID, actor: Actor) -> tuple[SavedView, SavedViewDetails]:
    row = session.get(SavedView, view_id, with_for_update=True)
    # What the actor does not see is missing, not forbidden
    view = queries.get_view(session, view_id, actor=actor)
    if row is None:
        raise ViewMissing
    return row, view


def _flush(session: Session) -> None:
    with refuse_duplicates(ViewNameTaken):
        session.flush()


def _target(row: SavedView) -> dict[str, Any]:
    return {"view_id": row.id, "name": row.name, "page": row.page}


def _facts(row: SavedView) -> dict[str, Any]:
    """Return what the audit log keeps: without the filters, which may name users."""
    names = ("name", "is_shared", "is_pinned", "figure", "in_digest")
    return {name: getattr(row, name) for name in names}
