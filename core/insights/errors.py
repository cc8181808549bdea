"""Errors of insights."""

from core.errors import NotFound


class ChainMissing(NotFound):
    """There is no such object, or you don't have access to it."""
