"""Encrypt texts and secrets at rest: AES-256-GCM, bound to table, column and row.

An envelope is the version (1 byte), the key ID (4), the nonce (12), and the ciphertext with its
tag. The key ID makes it possible to rotate keys.
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
MIN_SECRET_CHARS = 32


class WrongKey(Failure):
    """This text was encrypted with a different key, or copied from another row."""

    code = "wrong_key"


@dataclass(frozen=True)
class Keyring:
    """The key of this installation and the keys derived from it."""

    key_id: bytes
    cipher: AESGCM
    token_key: bytes
    redaction_key: bytes
    cache_key: bytes

    @classmethod
    def from_secret(cls, secret: str) -> "Keyring":
        """Derive the keys from the installation's secret."""
        uses = ("key id", "texts", "tokens", "redaction", "cache")
        key_id, texts, *others = (_derive(secret, use) for use in uses)
        return cls(key_id[:4], AESGCM(texts), *others)

    def seal(self, text: str, *, column: str, row: UUID) -> bytes:
        """Return the encrypted text, which can only be decrypted for the same column and row."""
        return self.seal_bytes(text.encode(), column=column, row=row)

    def seal_bytes(self, content: bytes, *, column: str, row: UUID) -> bytes:
        """Return the encrypted bytes, bound to column and row."""
        nonce = os.urandom(12)
        header = VERSION + self.key_id
        return (
            header
            + nonce
            + self.cipher.encrypt(nonce, content, _associated_data(header, column, row))
        )

    def open(self, envelope: bytes, *, column: str, row: UUID) -> str:
        """Return the decrypted text.

        Raises WrongKey when key, column or row differ, or the envelope was changed.
        """
        try:
            return self.open_bytes(envelope, column=column, row=row).decode()
        except ValueError:
            raise WrongKey from None

    def open_bytes(self, envelope: bytes, *, column: str, row: UUID) -> bytes:
        """Return the decrypted bytes; raise WrongKey."""
        header, nonce, ciphertext = envelope[:5], envelope[5:17], envelope[17:]
        try:
            return self.cipher.decrypt(nonce, ciphertext, _associated_data(header, column, row))
        except (InvalidTag, ValueError):
            raise WrongKey from None


def _associated_data(header: bytes, column: str, row: UUID) -> bytes:
    return header + column.encode() + b"\0" + row.bytes


def _derive(secret: str, use: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"attune {use}".encode()).derive(secret.encode())


def fingerprint(token: str) -> bytes:
    """Return the SHA-256 of a random token, which is what is stored of it.

    Tokens are random, so no salt is needed.
    """
    return hashlib.sha256(token.encode()).digest()


def new_token() -> str:
    """Return 32 random bytes as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


_keyring: Keyring | None = None


def use(keyring: Keyring) -> None:
    """Set the keyring of this process."""
    global _keyring
    _keyring = keyring


def keyring() -> Keyring:
    """Return the keyring of this process; raise StartRefused when startup has not loaded it."""
    if _keyring is None:
        raise StartRefused("The encryption key was not loaded before its first use.")
    return _keyring


def has_key(data: Path) -> bool:
    """Return whether a data folder has the file of a key."""
    return (data / KEY_FILE).exists()


def remove_key(data: Path, unused: Keyring) -> None:
    """Remove the file of a key that has encrypted nothing, unless another has replaced it."""
    if has_key(data) and load(None, data).key_id == unused.key_id:
        (data / KEY_FILE).unlink()


def load(secret_setting: str | None, data: Path) -> Keyring:
    """Return the keyring of ATTUNE_SECRET_KEY, else of the file in the data folder, which the first
    start creates.

    Raises StartRefused when the secret is too short or the file has no valid key.
    """
    if secret_setting is not None:
        if len(secret_setting) < MIN_SECRET_CHARS:
            raise StartRefused(
                f"ATTUNE_SECRET_KEY is too short: use at least {MIN_SECRET_CHARS} random "
                "characters."
            )
        return Keyring.from_secret(secret_setting)
    path = data / KEY_FILE
    if not has_key(data):
        data_folder.write_private(path, new_token())
    # Bytes that are no UTF-8 are read as what is not printable, and refused with the same words
    secret = path.read_text(errors="surrogateescape").strip()
    if not secret.isprintable() or len(secret) < MIN_SECRET_CHARS:
        raise StartRefused(f"{path} has no valid key. Restore the file, or set ATTUNE_SECRET_KEY.")
    return Keyring.from_secret(secret)
