"""The rules of redaction as an administrator changes them."""

from sqlalchemy.orm import Session

from core import redaction, settings
from core.identity import audit
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.redaction import Mode, Redaction, Redactor


def read(session: Session, *, actor: Actor) -> Redaction:
    """Return the rules; raise Forbidden."""
    require(actor, Permission.MANAGE_REDACTION)
    return settings.read(session, Redaction)


def change(session: Session, given: Redaction, *, actor: Actor) -> Redaction:
    """Store the rules, which hold for what comes in from then on; raise Forbidden."""
    before = read(session, actor=actor)
    settings.write(session, given, by=actor.id)
    redaction.recalled.tell(session)
    audit.record(session, "redaction.change", actor, before=before.model_dump(mode="json"), after=given.model_dump(mode="json"))
    return given


def preview(text: str, rules: Redaction, *, actor: Actor) -> str:
    """Return what rules would leave of a text; raise Forbidden."""
    require(actor, Permission.MANAGE_REDACTION)
    return text if rules.mode is Mode.OFF else Redactor(rules).text(text)
