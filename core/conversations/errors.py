"""Errors of conversations."""

from core.errors import Conflict, Forbidden, NotFound


class ConversationMissing(NotFound):
    """No conversation with this ID."""


class MessageMissing(NotFound):
    """No message with this ID."""


class MessageAmbiguous(Conflict):
    """Several messages share this external ID. Use the Attune ID shown in the conversation."""


class NoteMissing(NotFound):
    """No note with this ID."""


class NoteOfAnother(Forbidden):
    """Only the author of a note can delete it."""
