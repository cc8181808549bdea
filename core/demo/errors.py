"""Errors of the demo."""

from core.errors import Conflict, NotFound


class NotEmpty(Conflict):
    """Demo data goes into an empty workspace with Attune's own database only."""


class NoDemo(NotFound):
    """There is no demo data here."""
