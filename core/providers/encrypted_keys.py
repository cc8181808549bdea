"""Encrypt and decrypt the keys of providers."""

from core.platform import crypto
from core.providers.models import ProviderRow

COLUMN = "providers.secret"


def seal(row: ProviderRow, secret: str | None) -> bytes | None:
    return crypto.keyring().seal(secret, column=COLUMN, row=row.id) if secret else None


def open_key(row: ProviderRow) -> str | None:
    """Return the key of a row, None if it has none."""
    return crypto.keyring().open(row.secret, column=COLUMN, row=row.id) if row.secret else None
