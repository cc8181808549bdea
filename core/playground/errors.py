"""What can go wrong in the playground."""

from core.errors import Conflict, NotFound


class SessionMissing(NotFound):
    """There is no such session of yours."""


class AnswerPending(Conflict):
    """The last answer is still being written. Wait for it, or stop it."""

    code = "answer_pending"


class NoModel(NotFound):
    """No model can be called yet. Add a provider in Settings."""

    code = "model_missing"
