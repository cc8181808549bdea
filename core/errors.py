"""Kinds of failure. A feature's own failures are subclasses whose docstring is the message that a person reads."""

from inspect import getdoc
from typing import ClassVar


class Failure(Exception):
    """Something did not work."""

    code: ClassVar[str] = "failure"

    def __init__(self, detail: str | None = None, **facts: object) -> None:
        """Say `detail` instead of the docstring; `facts` join the API's answer."""
        self.detail = detail or getdoc(type(self)) or ""
        self.facts = facts
        super().__init__(self.detail)


class NotFound(Failure):
    """There is nothing here by that name, or it is not yours."""

    code = "not_found"


class Forbidden(Failure):
    """Your role does not allow this."""

    code = "forbidden"


class NotSignedIn(Failure):
    """Sign in first: there is no valid session."""

    code = "not_signed_in"


class Conflict(Failure):
    """Something changed meanwhile; load it again and repeat."""

    code = "conflict"


class Invalid(Failure):
    """The input does not fit; the fields say why."""

    code = "validation_failed"


class LimitReached(Failure):
    """A limit is reached."""

    code = "limit_exceeded"


class TooLarge(LimitReached):
    """This is more than is taken at once."""

    code = "too_large"


class RateLimited(LimitReached):
    """Too many calls in a minute; wait and try again."""

    code = "rate_limited"


class ProviderFailed(Failure):
    """The model's provider failed."""

    code = "provider_failed"


class Unavailable(Failure):
    """The database does not answer at the moment; try again in a few seconds."""

    code = "unavailable"


class StartRefused(Failure):
    """Attune cannot start like this."""

    code = "start_refused"
