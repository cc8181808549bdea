"""Errors of saved views."""

from core.errors import Conflict, Invalid, LimitReached, NotFound


class ViewMissing(NotFound):
    """No view with this ID."""


class ViewNameTaken(Conflict):
    """You have a view with this name on this page already. Choose another name."""


class FigureUnknown(Invalid):
    """This page has no such figure."""


class TooManyViews(LimitReached):
    """You have saved 200 views. Delete one first."""


class TooManyPinned(LimitReached):
    """You have pinned 12 views to the Overview. Unpin one first."""
