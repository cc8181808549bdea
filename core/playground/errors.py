"""Errors of the playground."""

from typing import Self

from pydantic import ValidationError

from core.errors import Conflict, Invalid, NotFound
from core.presentation.validation import message_of


class PlaygroundSessionMissing(NotFound):
    """Session not found."""


class PlaygroundMessageMissing(NotFound):
    """Message not found."""


class NoMessage(Invalid):
    """Enter a message."""


class SessionFileInvalid(Invalid):
    """This is not a file of a session."""

    @classmethod
    def of(cls, error: ValidationError, place: str = "") -> Self:
        """Return it for the first field that is wrong."""
        first = error.errors()[0]
        words = [place, ".".join(map(str, first["loc"])), message_of(first)]
        return cls(": ".join(filter(None, words)) + ".")


class NotAnAnswer(Invalid):
    """Only answers can be rated."""


class AnswerPending(Conflict):
    """The model is still answering. Wait, or stop it first."""

    code = "answer_pending"


class NotEditable(Invalid):
    """Only a message of the user can be edited."""


class NothingToRegenerate(Invalid):
    """There is no message to answer again."""


class NoModel(NotFound):
    """No models available. Add a provider in Settings."""

    code = "model_missing"


class NotReplayable(Invalid):
    """Only an answer of the assistant to a user's message can be replayed."""


class ReplayPromptTooLong(Invalid):
    """The system prompt has over 50,000 characters. Replay with a shorter one."""


class SystemPromptTooLong(Invalid):
    """The system prompt has over 50,000 characters. Choose a shorter one."""


class NoToolsInReplays(Invalid):
    """Tools are off in a replay: its texts come from users."""


class NotForServices(Invalid):
    """A service takes no parameters, tools or cost limit. Name a model to use them."""


class NoReplay(NotFound):
    """This session replays no answer of a conversation."""


class NothingToVoteOn(Invalid):
    """A vote needs a complete new answer."""
