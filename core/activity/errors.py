"""What can go wrong with users and their events."""

from core.errors import Invalid, NotFound


class UserMissing(NotFound):
    """There is no user by that id."""


class FunnelRefused(Invalid):
    """These are no steps of a funnel."""
