"""How an account wants its tables: the columns that it hides, and the height of rows."""

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from core.identity import queries as accounts
from core.identity.models import AdminUser
from core.identity.schemas import Actor, TablePreferences

PREFERENCE = "tables"


def get_table_preferences(session: Session, *, actor: Actor) -> TablePreferences:
    """Return what the actor has chosen."""
    return _chosen_by(accounts.get_account(session, actor.id))


def hide_columns(
    session: Session, name: str, labels: Sequence[str], *, actor: Actor
) -> TablePreferences:
    """Hide only these columns of a list; return all that the actor has chosen, in any tab."""
    return _change(session, actor, lambda chosen: chosen.hiding(name, labels))


def set_compact(session: Session, *, is_compact: bool, actor: Actor) -> TablePreferences:
    """Set whether the rows of all lists are low; return all that the actor has chosen."""
    return _change(
        session, actor, lambda chosen: chosen.model_copy(update={"is_compact": is_compact})
    )


def _change(
    session: Session, actor: Actor, change: Callable[[TablePreferences], TablePreferences]
) -> TablePreferences:
    account = accounts.get_account(session, actor.id, lock=True)
    chosen = change(_chosen_by(account))
    account.preferences = {**account.preferences, PREFERENCE: chosen.model_dump()}
    return chosen


def _chosen_by(account: AdminUser) -> TablePreferences:
    return TablePreferences.model_validate(account.preferences.get(PREFERENCE, {}))
