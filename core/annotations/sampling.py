"""Sampling decided by a hash of the key, so that it gives the same result each time."""

from hashlib import blake2b
from uuid import UUID

HASH_VALUES = 2**64


def in_sample(share: float, key: UUID, dice: int) -> bool:
    """Whether a key is in a sample of this share; different `dice` give independent samples."""
    thrown = blake2b(key.bytes, digest_size=8, salt=dice.to_bytes(16)).digest()
    return int.from_bytes(thrown) < share * HASH_VALUES
