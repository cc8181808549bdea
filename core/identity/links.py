"""Links for setting a password: one at a time per account."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from core.identity import queries
from core.identity.models import AccountLink, AdminUser
from core.identity.schemas import Link, LinkPurpose
from core.platform import clock, crypto

LIFETIME = {LinkPurpose.INVITATION: timedelta(days=7), LinkPurpose.RESET: timedelta(days=1)}


def make(session: Session, account: AdminUser, purpose: LinkPurpose) -> Link:
    """Return a new link, which replaces all others of the account."""
    void(session, account.id)
    token, expires_at = crypto.new_token(), clock.now() + LIFETIME[purpose]
    hashed = crypto.fingerprint(token)
    session.add(AccountLink(admin_user_id=account.id, purpose=purpose, token_hash=hashed, expires_at=expires_at))
    session.flush()
    return Link(queries.account_view(account), token, expires_at)


def void(session: Session, account_id: UUID) -> None:
    """Invalidate the invitation and reset links of an account: none outlives a password that is set or sessions that end."""
    unused = update(AccountLink).where(AccountLink.admin_user_id == account_id, AccountLink.used_at.is_(None))
    session.execute(unused.values(used_at=clock.now()))
