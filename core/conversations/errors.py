"""What can go wrong with conversations."""

from core.errors import Conflict, NotFound


class ConversationMissing(NotFound):
    """There is no conversation by that id."""


class MessageMissing(NotFound):
    """There is no message by that id."""


class MessageAmbiguous(Conflict):
    """Messages of several conversations have that id: take ours, which the conversation tells."""
