"""Errors of users and events."""

from core.errors import Invalid, NotFound


class UserMissing(NotFound):
    """No user with this ID."""


class AnonymousSessionMissing(NotFound):
    """No anonymous session with this ID."""


class FunnelRefused(Invalid):
    """Invalid funnel steps."""
