"""Errors of AI metrics."""

from core.errors import Invalid, NotFound


class RequestMissing(NotFound):
    """No AI request with this ID."""


class TooFine(Invalid):
    """Too many data points. Choose a longer interval or a shorter range."""
