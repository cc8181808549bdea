"""How providers fail, and what a person can do about it. `reason` is stable and goes into the API's answer."""

from typing import ClassVar

from core.errors import Conflict, Invalid, NotFound, ProviderFailed


class CallFailed(ProviderFailed):
    """The provider failed."""

    reason: ClassVar[str] = "server"

    def __init__(self, said: str = "", *, retry_after_s: int | None = None) -> None:
        """Add what the provider said to the words of the class."""
        facts: dict[str, object] = {"reason": self.reason}
        if retry_after_s is not None:
            facts["retry_after_s"] = retry_after_s
        super().__init__(f"{type(self).__doc__} {said}".strip(), **facts)


class KeyRefused(CallFailed):
    """The provider refused the key. Check it in Settings, Providers."""

    reason = "auth"


class TooManyCalls(CallFailed):
    """The provider's rate limit is reached, or its credit used up. Wait a little, or choose another model."""

    reason = "rate_limit"


class TookTooLong(CallFailed):
    """The provider did not answer in time. Try again, or choose another model."""

    reason = "timeout"


class Unreachable(CallFailed):
    """The provider cannot be reached, or the connection broke. Check its address and the network, then try again."""

    reason = "connection"


class CallRefused(CallFailed):
    """The provider refused this call as it stands."""

    reason = "bad_request"


class ContextTooLong(CallFailed):
    """The conversation is too long for this model. Start a new session, or choose a model with a larger context window."""

    reason = "context_length"


class Overloaded(CallFailed):
    """The provider is overloaded. Try again in a minute, or choose another model."""

    reason = "overloaded"


class ServerBroke(CallFailed):
    """Something broke on the provider's side. Try again in a minute."""

    reason = "server"


class Incomplete(CallFailed):
    """The answer ended without an end mark, so a part of it is probably missing. Try again."""

    reason = "incomplete"


class AnswerTooLong(CallFailed):
    """The answer grew beyond what Attune keeps and was cut off. Set a lower limit of tokens."""

    reason = "too_long"


class LocalModelStarting(CallFailed):
    """The local model is starting. Try again in a few seconds."""

    reason = "connection"


class Cut(Exception):
    """The call was ended from our side."""


class ModelMissing(NotFound):
    """There is no such model here. GET /api/v1/models lists those that can be called."""

    code = "model_missing"


class ProviderMissing(NotFound):
    """There is no such provider."""


class NameTaken(Conflict):
    """There is a provider of this name already."""

    code = "name_taken"


class FromEnvironment(Conflict):
    """This provider comes from the environment. Change it there and start again."""

    code = "from_environment"


class ParameterNotTaken(Invalid):
    """This model does not take one of the parameters."""

    code = "validation_failed"
