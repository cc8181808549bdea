"""Routes of redaction: settings and preview."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.deps import ActorDep, SessionDep
from core.ingest.redaction import Redaction
from core.system import redaction

router = APIRouter(prefix="/admin/redaction", tags=["System"])


class RedactionPreview(BaseModel):
    """A text, and rules to apply to it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "text": "Write to ada@example.com",
                "rules": {"mode": "hash", "phone": False},
            }
        }
    )

    text: str = Field(max_length=100_000)
    rules: Redaction


class RedactedText(BaseModel):
    """The redacted text."""

    text: str


@router.get("")
def read(session: SessionDep, actor: ActorDep) -> Redaction:
    """Return the rules."""
    return redaction.read(session, actor=actor)


@router.put("")
def write(rules: Redaction, session: SessionDep, actor: ActorDep) -> Redaction:
    """Change the rules; fields that are left out stay.

    They apply to rows that arrive from now on.
    """
    return redaction.change(session, rules, actor=actor)


@router.post("/preview")
def preview(request: RedactionPreview, actor: ActorDep) -> RedactedText:
    """Return a text redacted by these rules, without storing anything."""
    return RedactedText(text=redaction.preview(request.text, request.rules, actor=actor))
