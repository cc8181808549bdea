"""Encrypt and decrypt the texts of sessions and messages."""

from uuid import UUID

from core.platform import crypto
from core.playground.models import PlaygroundMessage, PlaygroundSession
from core.playground.schemas import Draft

SESSIONS, MESSAGES = "playground_sessions", "playground_messages"


def seal(text: str, table: str, column: str, row: UUID) -> bytes:
    """Return the envelope of a text."""
    return crypto.keyring().seal(text, column=f"{table}.{column}", row=row)


def open_(envelope: bytes | None, table: str, column: str, row: UUID) -> str | None:
    """Return the text of an envelope, None for none."""
    return None if envelope is None else crypto.keyring().open(envelope, column=f"{table}.{column}", row=row)


def name_of(row: PlaygroundSession) -> str | None:
    """Return a session's name."""
    return open_(row.name, SESSIONS, "name", row.id)


def draft_of(row: PlaygroundSession) -> Draft:
    """Return what is set beside a session's chat."""
    text = open_(row.draft, SESSIONS, "draft", row.id)
    return Draft.model_validate_json(text) if text else Draft()


def content_of(row: PlaygroundMessage) -> str:
    """Return a message's text."""
    return open_(row.content, MESSAGES, "content", row.id) or ""


def custom_prompt_of(row: PlaygroundMessage) -> str | None:
    """Return the prompt under which a message was answered, where it was not the default."""
    return open_(row.custom_prompt, MESSAGES, "custom_prompt", row.id)
