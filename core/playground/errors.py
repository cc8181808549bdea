"""Errors of the playground."""

from core.errors import Conflict, NotFound


class PlaygroundSessionMissing(NotFound):
    """Session not found."""


class AnswerPending(Conflict):
    """The model is still answering. Wait, or stop it first."""

    code = "answer_pending"


class NoModel(NotFound):
    """No models available. Add a provider in Settings."""

    code = "model_missing"
