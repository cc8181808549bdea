"""Subscribe to digests by email."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.identity import queries as accounts
from core.identity.models import AdminUser
from core.identity.permissions import ROLE_PERMISSIONS, Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit

PREFERENCE = "weekly_digest"
READERS = [role for role, allowed in ROLE_PERMISSIONS.items() if Permission.WATCH in allowed]
SUBSCRIBERS = select(AdminUser).where(
    AdminUser.is_active,
    AdminUser.role.in_(READERS),
    AdminUser.preferences.contains({PREFERENCE: True}),
)


def is_subscribed(session: Session, *, actor: Actor) -> bool:
    """Return whether the actor gets digests by email."""
    return bool(accounts.get_account(session, actor.id).preferences.get(PREFERENCE))


def subscribe(session: Session, *, is_wanted: bool, actor: Actor) -> None:
    """Begin or end sending digests to the actor; raise Forbidden."""
    require(actor, Permission.WATCH)
    account = accounts.get_account(session, actor.id, lock=True)
    account.preferences = {**account.preferences, PREFERENCE: is_wanted}
    audit.record(session, "digest.subscribe" if is_wanted else "digest.unsubscribe", actor)


def list_subscribers(session: Session) -> list[UUID]:
    """Return the active accounts that subscribe and may still read digests."""
    return [account.id for account in session.scalars(SUBSCRIBERS)]


def find_subscriber(session: Session, account_id: UUID) -> AdminUser | None:
    """Return an account that is still a subscriber, or None."""
    return session.scalar(SUBSCRIBERS.where(AdminUser.id == account_id))
