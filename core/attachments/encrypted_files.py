"""Encrypt and decrypt the names and contents of attached files."""

from uuid import UUID

from core.platform import crypto

TABLE = "playground_attachments"


def seal(content: bytes, column: str, row: UUID) -> bytes:
    return crypto.keyring().seal_bytes(content, column=f"{TABLE}.{column}", row=row)


def open_(envelope: bytes, column: str, row: UUID) -> bytes:
    """Return the decrypted content; raise WrongKey."""
    return crypto.keyring().open_bytes(envelope, column=f"{TABLE}.{column}", row=row)


def open_name(envelope: bytes, row: UUID) -> str:
    """Return the decrypted name; raise WrongKey."""
    return open_(envelope, "name", row).decode()
