"""What can go wrong with executions, beside what providers do."""

from core.errors import NotFound, Unavailable


class ExecutionMissing(NotFound):
    """There is no such execution of yours."""


class TooManyAtOnce(Unavailable):
    """Too many answers are being written at this moment. Try again in a few seconds."""

    code = "too_many_at_once"
