"""Encrypt and decrypt the texts of an execution."""

import json
from typing import Any
from uuid import UUID

from core.executions.schemas import ToolExecution
from core.platform import crypto
from core.providers.schemas import ChatMessage

TABLE = "prompt_executions"


def seal(text: str | None, column: str, row: UUID) -> bytes | None:
    """Return the encrypted text, or None for None."""
    if text is None:
        return None
    return crypto.keyring().seal(text, column=f"{TABLE}.{column}", row=row)


def open_(envelope: bytes | None, column: str, row: UUID) -> str | None:
    """Return the decrypted text, or None for None; raise WrongKey."""
    if envelope is None:
        return None
    return crypto.keyring().open(envelope, column=f"{TABLE}.{column}", row=row)


def seal_json(value: Any, column: str, row: UUID) -> bytes | None:  # noqa: ANN401  anything that JSON holds
    """Return the encrypted JSON of a value, or None when it is empty."""
    return seal(json.dumps(value, ensure_ascii=False), column, row) if value else None


def open_json(envelope: bytes | None, column: str, row: UUID) -> dict[str, Any] | None:
    """Return the decrypted object, or None for None."""
    text = open_(envelope, column, row)
    found: dict[str, Any] | None = json.loads(text) if text else None
    return found


def seal_messages(messages: tuple[ChatMessage, ...], row: UUID) -> bytes | None:
    """Return the encrypted messages before the prompt."""
    sent = [message.model_dump(mode="json", exclude_unset=True) for message in messages]
    return seal_json(sent, "messages", row)


def open_messages(envelope: bytes | None, row: UUID) -> tuple[ChatMessage, ...]:
    """Return the decrypted messages before the prompt."""
    text = open_(envelope, "messages", row)
    return tuple(map(ChatMessage.model_validate, json.loads(text) if text else []))


def open_tools(envelope: bytes | None, row: UUID) -> list[ToolExecution]:
    """Return the decrypted tool calls."""
    text = open_(envelope, "tool_executions", row)
    return [ToolExecution(**tool) for tool in json.loads(text)] if text else []
