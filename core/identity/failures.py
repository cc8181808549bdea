"""Failed sign-ins in the audit log: one row per network and hour, with a count."""

from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.tables import CoreAudit
from core.identity import audit
from core.identity.models import SignInFailureHour
from core.identity.schemas import Caller
from core.platform import clock

ACTION = "session.sign_in"
KEPT_FOR = timedelta(days=90)
EMAILS_KEPT = 5


def note(session: Session, network: str, email: str, outcome: str, caller: Caller) -> None:
    """Count a failed sign-in; the row shows the first e-mails that were tried, and how the latest attempt ended."""
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    counted = insert(SignInFailureHour).values(network=network, hour=hour, failures=1)
    failures = SignInFailureHour.failures + 1
    again = counted.on_conflict_do_update(index_elements=["network", "hour"], set_={"failures": failures})
    count, audit_id = session.execute(again.returning(SignInFailureHour.failures, SignInFailureHour.audit_id)).one()
    if audit_id is None:
        audit_id = audit.record(session, ACTION, caller, targets={"emails": [email], "failures": count}, outcome=outcome)
        mine = update(SignInFailureHour).where(SignInFailureHour.network == network, SignInFailureHour.hour == hour)
        session.execute(mine.values(audit_id=audit_id))
        return
    emails = session.scalar(select(CoreAudit.targets["emails"]).where(CoreAudit.id == audit_id)) or []
    if email not in emails and len(emails) < EMAILS_KEPT:
        emails.append(email)
    row = update(CoreAudit).where(CoreAudit.id == audit_id)
    session.execute(row.values(targets={"emails": emails, "failures": count}, outcome=outcome))


def forget_old(session: Session) -> None:
    """Remove the rows of failed sign-ins after 90 days, and the counts that no longer change."""
    session.execute(delete(SignInFailureHour).where(SignInFailureHour.hour < clock.now() - timedelta(hours=2)))
    failed = (CoreAudit.action == ACTION, CoreAudit.outcome != "ok", CoreAudit.occurred_at < clock.now() - KEPT_FOR)
    session.execute(delete(CoreAudit).where(*failed))
