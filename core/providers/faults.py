"""What a provider's error means, whichever SDK brought it."""

import httpx2

from core.outbound import AddressRefused
from core.providers.errors import (
    CallFailed,
    CallRefused,
    ContextTooLong,
    KeyRefused,
    Overloaded,
    ServerBroke,
    TookTooLong,
    TooManyCalls,
    Unreachable,
)

LONGEST_QUOTE = 300
LONG_CONTEXT = (
    "context_length",
    "context length",
    "context size",
    "maximum context",
    "prompt is too long",
    "exceed_context",
)


def of_answer(status: int | None, kind: str, message: str, retry_after: str | None = None) -> CallFailed:
    """Return the failure behind an error answer.

    `kind` is what the vendor calls it, `message` its own words, of which the first 300 characters are passed on.
    """
    said = quoted(message)
    if any(words in f"{kind} {message}".lower() for words in LONG_CONTEXT):
        return ContextTooLong()
    if status in (401, 403) or kind in ("authentication_error", "permission_error", "invalid_api_key"):
        return KeyRefused(said)
    if status == 429 or kind in ("rate_limit_error", "insufficient_quota", "rate_limit_exceeded"):
        return TooManyCalls(said, retry_after_s=_seconds(retry_after))
    if status in (503, 529) or kind == "overloaded_error":
        return Overloaded(said)
    if status == 408:
        return TookTooLong(said)
    if status is not None and 400 <= status < 500:
        return CallRefused(said)
    return ServerBroke(said)


def of_transport(error: Exception) -> CallFailed:
    """Return the failure behind an error of the connection."""
    refused = _in_chain(error, AddressRefused)
    if isinstance(refused, AddressRefused):
        return Unreachable(refused.detail)
    if isinstance(error, httpx2.TimeoutException) or isinstance(_in_chain(error, httpx2.TimeoutException), Exception):
        return TookTooLong()
    return Unreachable()


def quoted(message: str) -> str:
    """Return the provider's words, short and on one line."""
    words = " ".join(message.split())
    return f"It said: {words[:LONGEST_QUOTE]}" if words else ""


def _in_chain(error: BaseException, kind: type[Exception]) -> BaseException | None:
    current: BaseException | None = error
    while current is not None:
        if isinstance(current, kind):
            return current
        current = current.__cause__ or current.__context__
    return None


def _seconds(retry_after: str | None) -> int | None:
    try:
        return max(1, round(float(retry_after or "")))
    except (ValueError, OverflowError):
        return None
