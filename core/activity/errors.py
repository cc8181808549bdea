"""What can go wrong with users and their events."""

from core.errors import Invalid, NotFound


class UserMissing(NotFound):
    """There is no user by that id."""


class SessionMissing(NotFound):
    """There is no session by that id without a user."""


class FunnelRefused(Invalid):
    """These are no steps of a funnel."""
