"""What can go wrong with reads across the features."""

from core.errors import NotFound


class TalkMissing(NotFound):
    """There is no conversation by that id."""
