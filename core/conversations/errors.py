"""Errors of conversations."""

from core.errors import Conflict, NotFound


class ConversationMissing(NotFound):
    """No conversation with this ID."""


class MessageMissing(NotFound):
    """No message with this ID."""


class MessageAmbiguous(Conflict):
    """Several messages share this external ID. Use the Attune ID shown in the conversation."""
