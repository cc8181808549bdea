"""Redaction of texts before they are stored."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.deps import ActorDep, SessionDep
from core.ingest.redaction import Redaction
from core.system import redaction

router = APIRouter(prefix="/admin/redaction", tags=["System"])


class Tried(BaseModel):
    """A text, and rules to try on it."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"text": "Write to ada@example.com", "rules": {"mode": "hash", "phone": False}}}
    )

    text: str = Field(max_length=100_000)
    rules: Redaction


class Redacted(BaseModel):
    """What is left of a text."""

    text: str


@router.get("")
def read(session: SessionDep, actor: ActorDep) -> Redaction:
    """Return the rules."""
    return redaction.read(session, actor=actor)


@router.put("")
def write(given: Redaction, session: SessionDep, actor: ActorDep) -> Redaction:
    """Change the rules; those that are left out stay. They hold for what comes in from now on."""
    return redaction.change(session, given, actor=actor)


@router.post("/preview")
def preview(given: Tried, actor: ActorDep) -> Redacted:
    """Show what rules would leave of a text; nothing is stored."""
    return Redacted(text=redaction.preview(given.text, given.rules, actor=actor))
