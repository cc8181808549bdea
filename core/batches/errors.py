"""Errors of batch runs."""

from core.errors import NotFound


class RunMissing(NotFound):
    """No batch run with this ID."""
