"""Errors of users and events."""

from core.errors import Conflict, Invalid, NotFound


class UserMissing(NotFound):
    """No user with this ID."""


class AnonymousSessionMissing(NotFound):
    """No anonymous session with this ID."""


class FunnelRefused(Invalid):
    """Invalid funnel steps."""


class FunnelMissing(NotFound):
    """No funnel with this ID."""


class FunnelNameTaken(Conflict):
    """A funnel with this name exists already. Choose another name."""


class WorkspaceFunnelKept(Conflict):
    """The workspace needs one funnel. Make another one the workspace's first."""
