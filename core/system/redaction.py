"""Change the redaction rules."""

from sqlalchemy.orm import Session

from core.database import settings
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.identity.service import audit
from core.ingest import redaction
from core.ingest.redaction import Mode, Redaction, Redactor


def read(session: Session, *, actor: Actor) -> Redaction:
    """Return the redaction settings; raise Forbidden."""
    require(actor, Permission.MANAGE_REDACTION)
    return settings.read(session, Redaction)


def change(
    session: Session, given: Redaction, *, actor: Actor, loaded: Redaction | None = None
) -> Redaction:
    """Store the given fields; they apply to rows that arrive later.

    Raises Forbidden or SettingsChanged.
    """
    require(actor, Permission.MANAGE_REDACTION)
    before, after = settings.amend(session, given, by=actor.id, loaded=loaded)
    redaction.redactor_cache.clear_after_commit(session)
    audit.record(
        session,
        "redaction.change",
        actor,
        before=before.model_dump(mode="json"),
        after=after.model_dump(mode="json"),
    )
    return after


def preview(text: str, rules: Redaction, *, actor: Actor) -> str:
    """Return a text redacted by these rules; raise Forbidden."""
    require(actor, Permission.MANAGE_REDACTION)
    return text if rules.mode is Mode.OFF else Redactor(rules).text(text)
