"""Encrypt texts and secrets at rest: AES-256-GCM, bound to row and column.

An envelope is `version (1 byte) | key id (4) | nonce (12) | ciphertext and tag`. The key id lets a rotation tell old from new.
"""

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import Failure, StartRefused
from core.platform import data_folder

VERSION = b"\x01"
KEY_FILE = "secret.key"
LEAST_CHARACTERS = 32


class WrongKey(Failure):
    """This text was encrypted with another key, or moved from another row."""

    code = "wrong_key"


@dataclass(frozen=True)
class Keyring:
    """The key of this installation and what is derived from it."""

    key_id: bytes
    cipher: AESGCM
    token_key: bytes
    redaction_key: bytes

    @classmethod
    def from_secret(cls, secret: str) -> "Keyring":
        """Derive the keys from the installation's secret text."""
        derived = {use: _derive(secret, use) for use in ("texts", "tokens", "redaction", "key id")}
        return cls(derived["key id"][:4], AESGCM(derived["texts"]), derived["tokens"], derived["redaction"])

    def seal(self, text: str, *, column: str, row: UUID) -> bytes:
        """Return the envelope of `text`, which opens only for the same column and row."""
        nonce = os.urandom(12)
        head = VERSION + self.key_id
        return head + nonce + self.cipher.encrypt(nonce, text.encode(), _place(head, column, row))

    def open(self, envelope: bytes, *, column: str, row: UUID) -> str:
        """Return the text of an envelope.

        Raises WrongKey when key, column or row are others, or a bit has changed.
        """
        head, nonce, sealed = envelope[:5], envelope[5:17], envelope[17:]
        try:
            return self.cipher.decrypt(nonce, sealed, _place(head, column, row)).decode()
        except (InvalidTag, ValueError):
            raise WrongKey from None


def _place(head: bytes, column: str, row: UUID) -> bytes:
    return head + column.encode() + b"\0" + row.bytes


def _derive(secret: str, use: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"attune {use}".encode()).derive(secret.encode())


def fingerprint(token: str) -> bytes:
    """Return what is stored of a random token: its SHA-256 (the token has entropy enough of its own)."""
    return hashlib.sha256(token.encode()).digest()


def new_token() -> str:
    """Return 32 random bytes as 43 characters that are safe in addresses and cookies."""
    return secrets.token_urlsafe(32)


_keyring: Keyring | None = None


def use(keyring: Keyring) -> None:
    """Make `keyring` the one of this process."""
    global _keyring
    _keyring = keyring


def keyring() -> Keyring:
    """Return the keyring of this process, which start-up has set."""
    if _keyring is None:
        raise StartRefused("The encryption key was not loaded before its first use.")
    return _keyring


def load(given: str | None, data: Path) -> Keyring:
    """Return the keyring of ATTUNE_SECRET_KEY, else of the file in the data folder, made at the first start.

    Raises StartRefused when the secret is too short or the file is not readable.
    """
    if given is not None:
        if len(given) < LEAST_CHARACTERS:
            raise StartRefused(f"ATTUNE_SECRET_KEY is too short: use at least {LEAST_CHARACTERS} random characters.")
        return Keyring.from_secret(given)
    path = data / KEY_FILE
    if not path.exists():
        data_folder.write_private(path, new_token())
    secret = path.read_text(errors="surrogateescape").strip()
    if not secret.isprintable() or len(secret) < LEAST_CHARACTERS:
        raise StartRefused(f"{path} does not hold a key. Put the right file back, or set ATTUNE_SECRET_KEY.")
    return Keyring.from_secret(secret)
