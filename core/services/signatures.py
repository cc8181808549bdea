"""Standard Webhooks signatures: HMAC-SHA256 over `{id}.{timestamp}.{body}`.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from core.platform import clock
from core.services.errors import SignatureRefused

PREFIX = "whsec_"
SECRET_BYTES = 32
TOLERANCE_S = 300
MAX_ID_CHARS, MAX_SIGNATURES = 256, 8
VERSION = "v1,"


@dataclass(frozen=True)
class SignatureHeaders:
    """The three headers of a signed body; `signatures` are base64."""

    id: str
    timestamp: str
    signatures: tuple[str, ...]

    def has_signed(self, secret: str, body: bytes) -> bool:
        """Whether one of the signatures is that of this secret."""
        expected = signature(secret, self.id, self.timestamp, body)
        return any(hmac.compare_digest(expected, each) for each in self.signatures)


def new_secret() -> str:
    """Return a secret of 32 random bytes, as `whsec_` and base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, id_: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a body in base64."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{id_}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def read_headers(headers: Mapping[str, str]) -> SignatureHeaders:
    """Return the headers of a signature of the last five minutes; raise SignatureRefused."""
    id_, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    listed = headers.get("webhook-signature", "").split()[:MAX_SIGNATURES]
    signatures = tuple(each.removeprefix(VERSION) for each in listed if each.startswith(VERSION))
    is_complete = 0 < len(id_) <= MAX_ID_CHARS and signatures and _is_recent(timestamp)
    if not is_complete or not all(map(str.isascii, (id_, *signatures))):
        raise SignatureRefused
    return SignatureHeaders(id_, timestamp, signatures)


def _is_recent(timestamp: str) -> bool:
    # int() also takes signs, spaces, underscores and digits of other scripts
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return False
    return abs(clock.now().timestamp() - int(timestamp)) <= TOLERANCE_S
