"""Links for setting a password: one valid link per account."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from core.identity import queries
from core.identity.models import AccountLink, AdminUser
from core.identity.schemas import Link, LinkPurpose
from core.platform import clock, crypto

LIFETIME = {LinkPurpose.INVITATION: timedelta(days=7), LinkPurpose.RESET: timedelta(days=1)}


def create(session: Session, account: AdminUser, purpose: LinkPurpose) -> Link:
    """Create a link and return it; it replaces all other links of the account."""
    void(session, account.id)
    token, expires_at = crypto.new_token(), clock.now() + LIFETIME[purpose]
    token_hash = crypto.fingerprint(token)
    session.add(
        AccountLink(
            admin_user_id=account.id, purpose=purpose, token_hash=token_hash, expires_at=expires_at
        )
    )
    session.flush()
    return Link(queries.account_view(account), token, expires_at)


def void(session: Session, account_id: UUID) -> None:
    """Invalidate the unused links of an account, so that none outlives its sessions or password."""
    void_unused = update(AccountLink).where(
        AccountLink.admin_user_id == account_id, AccountLink.used_at.is_(None)
    )
    session.execute(void_unused.values(used_at=clock.now()))
