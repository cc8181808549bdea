"""Named failures of AI metrics."""

from core.errors import Invalid, NotFound


class RequestMissing(NotFound):
    """There is no AI request of that id."""


class TooFine(Invalid):
    """So many points are no chart: choose a longer interval or a shorter range."""
