"""Errors of tools and tickets."""

from core.errors import Conflict, Invalid, NotFound


class ToolMissing(NotFound):
    """No tool with this name that you may use. GET tools lists them."""


class ToolUnknown(Invalid):
    """No tool with this name that you may use. GET tools lists them."""


class ToolFailed(Invalid):
    """The tool could not answer. Change the arguments."""


class TicketMissing(NotFound):
    """No ticket with this ID."""


class ToolCallMissing(NotFound):
    """No tool call with this ID in this execution, or its answer is not complete yet."""


class NothingToConfirm(Conflict):
    """This tool call does not wait for a confirmation."""
