"""Named failures of batch runs."""

from core.errors import NotFound


class RunMissing(NotFound):
    """There is no batch run of that id."""
