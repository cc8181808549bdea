"""Record heartbeats; remove accounts with what belongs to them in lower features."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.executions import service as executions
from core.identity import queries as identity_queries
from core.identity import service as identity
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.platform import clock
from core.system.models import Heartbeat


def beat(session: Session, name: str) -> None:
    """Note that `name` is alive now."""
    at = clock.now()
    session.execute(insert(Heartbeat).values(name=name, at=at).on_conflict_do_update(index_elements=["name"], set_={"at": at}))


def remove_account(session: Session, account_id: UUID, *, actor: Actor) -> None:
    """Remove an account with its sessions, what it said and the texts of its calls; what those cost stays known.

    Raises Forbidden, AccountMissing, NotYourself, or LastSuperAdmin.
    """
    require(actor, Permission.MANAGE_ACCOUNTS)
    identity_queries.hold_super_admins(session)
    identity_queries.get_account(session, account_id, lock=True)
    # Before the account itself goes: else its running answers wait for its sessions, and those for the answers.
    executions.blank_texts_of(session, account_id)
    identity.delete_account(session, account_id, actor=actor)
