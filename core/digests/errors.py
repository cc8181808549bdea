"""Errors of digests."""

from core.errors import NotFound


class DigestMissing(NotFound):
    """No digest of this week."""
