"""Failed sign-ins in the audit log: one row per network and hour, with a count."""

from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.tables import CoreAudit
from core.identity.models import SignInFailureHour
from core.identity.schemas import Caller
from core.identity.service import audit
from core.platform import clock

ACTION = "session.sign_in"
RETENTION = timedelta(days=90)
MAX_EMAILS = 5  # who tries thousands of them must not fill the audit log


def record(session: Session, network: str, email: str, outcome: str, caller: Caller) -> None:
    """Count a failed sign-in in the audit row of its network and hour.

    The row lists the first five emails that were tried, and the outcome of the latest attempt.
    """
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    first_failure = insert(SignInFailureHour).values(network=network, hour=hour, failures=1)
    failures = SignInFailureHour.failures + 1
    upsert = first_failure.on_conflict_do_update(
        index_elements=["network", "hour"], set_={"failures": failures}
    )
    count, audit_id = session.execute(
        upsert.returning(SignInFailureHour.failures, SignInFailureHour.audit_id)
    ).one()
    if audit_id is None:
        audit_id = audit.record(
            session, ACTION, caller, targets={"emails": [email], "failures": count}, outcome=outcome
        )
        same_hour = update(SignInFailureHour).where(
            SignInFailureHour.network == network, SignInFailureHour.hour == hour
        )
        session.execute(same_hour.values(audit_id=audit_id))
        return
    emails = (
        session.scalar(select(CoreAudit.targets["emails"]).where(CoreAudit.id == audit_id)) or []
    )
    if email not in emails and len(emails) < MAX_EMAILS:
        emails.append(email)
    audit_row = update(CoreAudit).where(CoreAudit.id == audit_id)
    session.execute(
        audit_row.values(targets={"emails": emails, "failures": count}, outcome=outcome)
    )


def delete_old(session: Session) -> None:
    """Delete audit rows of failed sign-ins after 90 days, and hourly counts after two hours."""
    session.execute(
        delete(SignInFailureHour).where(SignInFailureHour.hour < clock.now() - timedelta(hours=2))
    )
    failed = (
        CoreAudit.action == ACTION,
        CoreAudit.outcome != "ok",
        CoreAudit.occurred_at < clock.now() - RETENTION,
    )
    session.execute(delete(CoreAudit).where(*failed))
