"""Errors of executions, besides those of providers."""

from core.errors import Invalid, NotFound, Unavailable


class ExecutionMissing(NotFound):
    """No execution with this ID."""


class TooManyAtOnce(Unavailable):
    """Too many requests in progress. Try again in a few seconds."""

    code = "too_many_at_once"


class ToolNotOffered(Invalid):
    """A tool of this call is not available, or has the name of another. GET tools lists them."""


class NotCacheable(Invalid):
    """`cache` needs `temperature` 0 or a `seed`, and no tools: other answers differ each time."""
