"""Keys: version 7, so that those made later sort later."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a fresh key."""
    return uuid7()
