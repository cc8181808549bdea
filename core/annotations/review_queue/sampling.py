"""Sampling that is decided by a key, and so the same each time."""

from hashlib import blake2b
from uuid import UUID

SIDES = 2**64


def below(share: float, key: UUID, dice: int) -> bool:
    """Whether a key is in a share of all keys, by one of several dice."""
    thrown = blake2b(key.bytes, digest_size=8, salt=dice.to_bytes(16)).digest()
    return int.from_bytes(thrown) < share * SIDES
