"""Encrypt and decrypt the texts of sessions and messages."""

import json
from typing import Any
from uuid import UUID

from core.platform import crypto
from core.playground.models import PlaygroundMessage, PlaygroundReplay, PlaygroundSession
from core.playground.replay_schemas import CaseReplay
from core.playground.schemas import Draft

SESSIONS, MESSAGES = "playground_sessions", "playground_messages"
REPLAYS = "playground_replays"


def seal(text: str, table: str, column: str, row: UUID) -> bytes:
    return crypto.keyring().seal(text, column=f"{table}.{column}", row=row)


def open_(envelope: bytes | None, table: str, column: str, row: UUID) -> str | None:
    """Return the decrypted text, or None for None; raise WrongKey."""
    return (
        None
        if envelope is None
        else crypto.keyring().open(envelope, column=f"{table}.{column}", row=row)
    )


def name_of(row: PlaygroundSession) -> str | None:
    return open_(row.name, SESSIONS, "name", row.id)


def description_of(row: PlaygroundSession) -> str | None:
    return open_(row.description, SESSIONS, "description", row.id)


def seal_metadata(metadata: dict[str, Any], row: UUID) -> bytes:
    """Return the encrypted JSON of a session's metadata."""
    return seal(json.dumps(metadata, ensure_ascii=False), SESSIONS, "metadata", row)


def metadata_of(row: PlaygroundSession) -> dict[str, Any] | None:
    """Return the metadata that the session's sender gave it, or None."""
    text = open_(row.sender_metadata, SESSIONS, "metadata", row.id)
    found: dict[str, Any] | None = json.loads(text) if text else None
    return found


def draft_of(row: PlaygroundSession) -> Draft:
    text = open_(row.draft, SESSIONS, "draft", row.id)
    return Draft.model_validate_json(text) if text else Draft()


def unsent_message_of(row: PlaygroundSession) -> str:
    return open_(row.unsent_message, SESSIONS, "unsent_message", row.id) or ""


def content_of(row: PlaygroundMessage) -> str:
    return open_(row.content, MESSAGES, "content", row.id) or ""


def custom_prompt_of(row: PlaygroundMessage) -> str | None:
    """Return the system prompt of an answer when it was not the default, else None."""
    return open_(row.custom_prompt, MESSAGES, "custom_prompt", row.id)


def seal_reason(reason: str, session_id: UUID) -> bytes | None:
    """Return the encrypted reason of a replay's vote, None for an empty one."""
    return seal(reason, REPLAYS, "reason", session_id) if reason else None


def reason_of(row: PlaygroundReplay) -> str | None:
    return open_(row.reason, REPLAYS, "reason", row.session_id)


def seal_case(case: CaseReplay, session_id: UUID) -> bytes:
    """Return the encrypted texts of a case that a session replays."""
    return seal(case.model_dump_json(), REPLAYS, "texts", session_id)


def case_of(row: PlaygroundReplay) -> CaseReplay | None:
    """Return the case that a session replays, or None when it replays a message."""
    text = open_(row.texts, REPLAYS, "texts", row.session_id)
    return CaseReplay.model_validate_json(text) if text else None


def note_of(row: PlaygroundMessage) -> str | None:
    return open_(row.note, MESSAGES, "note", row.id)


def seal_note(note: str | None, row: UUID) -> bytes | None:
    """Return the encrypted note of a message, None without one."""
    return seal(note, MESSAGES, "note", row) if note else None
