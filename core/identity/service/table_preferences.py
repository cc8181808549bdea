"""How an account wants its tables: the columns that it hides, and the height of rows."""

from sqlalchemy.orm import Session

from core.identity import queries as accounts
from core.identity.schemas import Actor, TablePreferences

PREFERENCE = "tables"


def get_table_preferences(session: Session, *, actor: Actor) -> TablePreferences:
    """Return what the actor has chosen."""
    chosen = accounts.get_account(session, actor.id).preferences.get(PREFERENCE, {})
    return TablePreferences.model_validate(chosen)


def set_table_preferences(session: Session, chosen: TablePreferences, *, actor: Actor) -> None:
    """Keep what the actor has chosen."""
    account = accounts.get_account(session, actor.id, lock=True)
    account.preferences = {**account.preferences, PREFERENCE: chosen.model_dump()}
