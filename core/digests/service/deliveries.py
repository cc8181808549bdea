"""Send a digest to a subscriber."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from core.database import settings
from core.database.db import Session, transaction
from core.digests import queries
from core.digests.messages import message_of
from core.digests.models import DigestDelivery, WeeklyDigest
from core.digests.service import subscriptions
from core.identity.models import AdminUser
from core.identity.queries import actor_of
from core.identity.schemas import Actor, Caller, Role
from core.network import mail
from core.platform import clock
from core.platform.config import config

# The mail server answers while the delivery is locked, so that no two jobs send it
IDLE_TIMEOUT = text("set local idle_in_transaction_session_timeout = '5min'")


def send(digest_id: UUID, account_id: UUID) -> bool:
    """Send a digest unless it was sent; return whether it was now. Raises MailFailed.

    After a crash between the server's answer and the commit it is sent again, with the same
    Message-ID.
    """
    with transaction() as session:
        session.execute(IDLE_TIMEOUT)
        digest = select(*queries.digests.c).where(WeeklyDigest.id == digest_id)
        found = session.execute(digest).mappings().one_or_none()
        account = subscriptions.find_subscriber(session, account_id)
        if found is None or account is None:
            return False
        key = {"digest_id": digest_id, "admin_user_id": account_id}
        session.execute(insert(DigestDelivery).values(key).on_conflict_do_nothing())
        delivery = session.get_one(DigestDelivery, key, with_for_update=True)
        if delivery.sent_at is not None:
            return False
        seen = queries.details(found, _reader(session, account))
        mail.send(message_of(seen, account.id, account.email, config().address))
        delivery.sent_at = clock.now()
    return True


def _reader(session: Session, account: AdminUser) -> Actor:
    """Return the account as it would read the digest in the console."""
    workspace = settings.read(session, settings.Workspace)
    reads = workspace.analysts_read_messages and account.role == Role.ANALYST
    return replace(actor_of(account, Caller()), may_read_messages=reads)
