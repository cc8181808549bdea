"""Base classes of errors. The docstring of each subclass is the message shown to the user."""

from inspect import getdoc
from typing import ClassVar


class Failure(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "failure"

    def __init__(self, detail: str | None = None, **facts: object) -> None:
        """Use `detail` instead of the docstring as message; `facts` are added to the API's
        problem.
        """
        self.detail = detail or self.message()
        self.facts = facts
        super().__init__(self.detail)

    @classmethod
    def message(cls) -> str:
        """Return the docstring, of one line or several, as one line."""
        return " ".join((getdoc(cls) or "").split())


class NotFound(Failure):
    """Not found, or you don't have access to it."""

    code = "not_found"


class Forbidden(Failure):
    """Your role does not allow this. Ask an admin."""

    code = "forbidden"


class NotSignedIn(Failure):
    """Your session has expired. Sign in again."""

    code = "not_signed_in"


class Conflict(Failure):
    """Someone else changed this. Reload and try again."""

    code = "conflict"


class Invalid(Failure):
    """Some fields are invalid."""

    code = "validation_failed"


class LimitReached(Failure):
    """Limit reached."""

    code = "limit_exceeded"


class TooLarge(LimitReached):
    """Too large for one request."""

    code = "too_large"


class RateLimited(LimitReached):
    """Too many requests. Wait a minute, then try again."""

    code = "rate_limited"


class ProviderFailed(Failure):
    """The model's provider failed."""

    code = "provider_failed"


class Unavailable(Failure):
    """The database is not responding. Try again in a few seconds."""

    code = "unavailable"


class StartRefused(Failure):
    """Attune cannot start like this."""

    code = "start_refused"
