"""Remove accounts with what belongs to them in lower features."""

from uuid import UUID

from sqlalchemy.orm import Session

from core.bots.service import bots
from core.datasets.service import datasets
from core.executions.service import text_removal
from core.identity import queries as identity_queries
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import accounts as identity
from core.promotions import service as promotions
from core.prompts.service import prompts
from core.saved_views import service as saved_views


def remove_account(session: Session, account_id: UUID, *, actor: Actor) -> None:
    """Remove an account with its sessions, messages, private prompts and datasets, and the texts
    of its calls; their cost stays in the usage figures. Shared prompts and datasets become the
    workspace's; shared bots and views, and evaluations behind gates, the actor's.

    Raises Forbidden, AccountMissing, OwnAccountProtected, or LastSuperAdmin.
    """
    require(actor, Permission.MANAGE_ACCOUNTS)
    identity_queries.lock_super_admins(session)
    identity_queries.get_account(session, account_id, lock=True)
    # Before the account itself, to avoid a deadlock between its running answers and its sessions.
    text_removal.remove_texts_of_account(session, account_id)
    prompts.delete_private_prompts(session, account_id)
    datasets.delete_private_datasets(session, account_id)
    bots.hand_over_shared(session, account_id, to=actor.id)
    saved_views.hand_over_shared(session, account_id, to=actor.id)
    promotions.hand_over_evidence(session, account_id, to=actor.id)
    identity.delete_account(session, account_id, actor=actor)
