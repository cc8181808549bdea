"""Errors of providers; each docstring is the message. `reason` is stable and part of the API."""

from typing import ClassVar

from core.errors import Conflict, Invalid, NotFound, ProviderFailed

MASK = "•••"


class CallFailed(ProviderFailed):
    """The provider failed."""

    reason: ClassVar[str] = "server"
    is_transient: ClassVar[bool] = False  # whether the same call may succeed when repeated

    def __init__(self, provider_message: str = "", *, retry_after_s: int | None = None) -> None:
        """Append the provider's own message to the message of the class."""
        facts: dict[str, object] = {"reason": self.reason}
        if retry_after_s is not None:
            facts["retry_after_s"] = retry_after_s
        self.provider_message = provider_message
        self.retry_after_s = retry_after_s
        super().__init__(f"{self.message()} {provider_message}".strip(), **facts)

    def without(self, secret: str | None) -> "CallFailed":
        """Return the same error with the API key masked in the provider's message."""
        return type(self)(
            self.provider_message.replace(secret, MASK) if secret else self.provider_message,
            retry_after_s=self.retry_after_s,
        )


class ProviderKeyRejected(CallFailed):
    """The provider rejected the API key. Check it in Settings > Providers."""

    reason = "auth"


class ProviderRateLimited(CallFailed):
    """Provider rate limit reached. Wait, or choose another model."""

    reason = "rate_limit"
    is_transient = True


class ProviderOutOfCredit(CallFailed):
    """The provider account is out of credit. Add credit there, or choose another model."""

    reason = "quota"


class ProviderTimedOut(CallFailed):
    """The provider did not answer in time. Try again, or choose another model."""

    reason = "timeout"


class ProviderUnreachable(CallFailed):
    """The provider cannot be reached, or the connection broke. Check the base URL and the network,
    then try again.
    """

    reason = "connection"
    is_transient = True


class ProviderMisconfigured(ProviderUnreachable):
    """This provider is not configured correctly. Check its base URL in Settings > Providers."""

    is_transient = False


class RequestRejected(CallFailed):
    """The provider rejected this request. Change the message or parameters, or choose another
    model.
    """

    reason = "bad_request"


class ProviderModelMissing(CallFailed):
    """Model not found at this provider. Choose another model, or check the base URL."""

    reason = "not_found"


class UnexpectedFormat(CallFailed):
    """Unexpected response format. Check that the base URL is an OpenAI- or Anthropic-compatible
    API.
    """

    reason = "unreadable"


class ContextTooLong(CallFailed):
    """The conversation is too long for this model. Start a new session, or choose a model with a
    larger context window.
    """

    reason = "context_length"


class ProviderOverloaded(CallFailed):
    """The provider is overloaded. Try again in a minute, or choose another model."""

    reason = "overloaded"
    is_transient = True


class QueueFull(CallFailed):
    """Too many calls wait for this provider. Try again in a minute, or choose another model."""

    reason = "queue_full"


class QueueTimedOut(CallFailed):
    """The provider's limits left no turn for this call in time. Try again later, or choose another
    model.
    """

    reason = "queue_timeout"


class ProviderServerError(CallFailed):
    """The provider had an internal error. Try again in a minute."""

    reason = "server"
    is_transient = True


class AnswerIncomplete(CallFailed):
    """The response was cut off before it finished. Try again."""

    reason = "incomplete"


class AnswerTooLong(CallFailed):
    """The response exceeded Attune's size limit and was cut off. Lower max tokens."""

    reason = "too_long"


class LocalModelStarting(CallFailed):
    """The local model is starting. Try again in a few seconds."""

    reason = "connection"
    is_transient = True


class CallCancelled(Exception):
    """The call was cancelled by Attune."""


class ModelMissing(NotFound):
    """Model not found. Choose one from the list of models."""

    code = "model_missing"


class ProviderMissing(NotFound):
    """No provider with this ID."""


class ProviderNameTaken(Conflict):
    """A provider with this name already exists."""

    code = "name_taken"


class ProviderFromEnvironment(Conflict):
    """This provider is set by environment variables. Change them and restart."""

    code = "from_environment"


class PriceMissing(NotFound):
    """No price with this ID."""


class PriceTaken(Conflict):
    """This model already has a price with the same start. Remove it first."""

    code = "price_taken"


class PackagedPrice(Conflict):
    """Packaged prices can't be removed. Add a custom price with the same start to override it."""

    code = "packaged_price"


class ParameterNotSupported(Invalid):
    """This model does not support one of the parameters."""

    code = "validation_failed"


class EmbeddingsNotSupported(Invalid):
    """This model does not embed texts. Choose an embedding model."""

    code = "validation_failed"
