"""Translate errors of vendor SDKs into provider errors."""

import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from math import isfinite, nan
from typing import TypeVar

import httpcore2
import httpx2

from core.database.tables import storable
from core.network.allowed_addresses import AddressRefused
from core.network.outbound import ResponseTooLarge
from core.platform import clock
from core.providers.errors import (
    AnswerTooLong,
    CallFailed,
    ContextTooLong,
    ProviderKeyRejected,
    ProviderMisconfigured,
    ProviderModelMissing,
    ProviderOutOfCredit,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderServerError,
    ProviderTimedOut,
    ProviderUnreachable,
    RequestRejected,
    UnexpectedFormat,
)

log = logging.getLogger("attune.providers")
Kind = TypeVar("Kind", bound=BaseException)

MAX_QUOTE_CHARS = 300
MAX_RETRY_AFTER_S = 86_400
# The SDKs do not validate responses: data outside the protocol raises one of these, in their code
# or ours.
MALFORMED = (ValueError, TypeError, AttributeError, LookupError, RecursionError)
NO_CREDIT = ("insufficient_quota", "billing_error", "credit balance")
LONG_CONTEXT = (
    "context_length",
    "context length",
    "context_window",
    "context window",
    "context size",
    "context limit",
    "maximum context",
    "maximum model length",
    "maximum number of tokens allowed",
    "prompt is too long",
    "exceed_context",
    "too large to process",
)


@dataclass(frozen=True)
class ErrorResponse:
    """An error response, as parsed by an SDK."""

    status: int | None  # None for an error event inside a stream
    kinds: tuple[str, ...]  # the vendor's error types and codes
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def effective_status(self) -> int | None:
        """The HTTP status, or the numeric code of an error event (OpenRouter)."""
        codes = (
            int(kind)
            for kind in self.kinds
            if kind.isascii() and kind.isdecimal() and len(kind) == 3
        )
        return self.status or next(codes, None)


def of_response(response: ErrorResponse) -> CallFailed:
    """Return the error for a response, with the first 300 characters of its message."""
    status, kinds, quoted_message = (
        response.effective_status,
        response.kinds,
        quoted(response.message),
    )
    text = f"{' '.join(kinds)} {response.message}".lower()
    # The words come before the status, which says less: OpenAI sends insufficient_quota with the
    # 429 of a rate limit, Anthropic a lack of credit with the 400 of a bad request.
    if _contains_any(text, LONG_CONTEXT):
        return ContextTooLong()
    if status == 402 or _contains_any(text, NO_CREDIT):
        return ProviderOutOfCredit(quoted_message)
    if status in (401, 403) or _is_any_of(
        kinds, "authentication_error", "permission_error", "invalid_api_key"
    ):
        return ProviderKeyRejected(quoted_message)
    if status == 429 or _is_any_of(kinds, "rate_limit_error", "rate_limit_exceeded"):
        return ProviderRateLimited(
            quoted_message, retry_after_s=_retry_after_s(response.headers.get("retry-after"))
        )
    if status in (503, 529) or _is_any_of(kinds, "overloaded_error"):
        return ProviderOverloaded(
            quoted_message, retry_after_s=_retry_after_s(response.headers.get("retry-after"))
        )
    if _is_any_of(kinds, "invalid_request_error") and status is None:
        return RequestRejected(quoted_message)
    return _of_status(status, quoted_message)


def _of_status(status: int | None, quoted_message: str) -> CallFailed:
    match status:
        case 404:
            return ProviderModelMissing(quoted_message)
        case 408 | 504:
            return ProviderTimedOut(quoted_message)
        case int() if 300 <= status < 400:
            return ProviderMisconfigured("It redirects to another address, which is not followed.")
        case int() if 400 <= status < 500:
            return RequestRejected(quoted_message)
        case _:
            return ProviderServerError(quoted_message)


def of_transport(error: Exception) -> CallFailed:
    """Return the error for a failed connection."""
    if refused := _in_chain(error, AddressRefused):
        return ProviderMisconfigured(refused.detail)
    if _in_chain(error, ResponseTooLarge):
        return AnswerTooLong()
    if untrusted := _in_chain(error, ssl.SSLCertVerificationError):
        return ProviderMisconfigured(f"Its certificate is not accepted: {untrusted.verify_message}")
    if unconnected := _in_chain(error, httpcore2.ConnectError):
        return ProviderUnreachable(f"{unconnected}.")
    if _in_chain(error, httpx2.TimeoutException) and not _in_chain(error, httpx2.ConnectTimeout):
        return ProviderTimedOut()
    return ProviderUnreachable()


def of_malformed(error: Exception) -> CallFailed:
    """Return UnexpectedFormat, and log the exception."""
    log.warning("a provider's response could not be parsed", exc_info=error)
    return UnexpectedFormat()


def message_in(body: object) -> str:
    """Return the message of an error response from any usual field; else ""."""
    while isinstance(body, dict):
        body = body.get("error") or body.get("message") or body.get("detail")
    return body if isinstance(body, str) else ""


def quoted(message: str) -> str:
    """Return the provider's message on one line, shortened; "" for HTML pages."""
    text = " ".join(storable(message).split())
    return (
        f"Provider message: {text[:MAX_QUOTE_CHARS]}" if text and not text.startswith("<") else ""
    )


def _contains_any(text: str, phrases: tuple[str, ...]) -> bool:
    return any(phrase in text for phrase in phrases)


def _is_any_of(kinds: tuple[str, ...], *any_of: str) -> bool:
    return any(kind in any_of for kind in kinds)


def _in_chain(error: BaseException, kind: type[Kind]) -> Kind | None:
    current: BaseException | None = error
    while current is not None:
        if isinstance(current, kind):
            return current
        current = current.__cause__ or current.__context__
    return None


def _retry_after_s(retry_after: str | None) -> int | None:
    """Return the seconds of a Retry-After header (number or date), or None."""
    if retry_after is None:
        return None
    try:
        wait_s = float(retry_after)
    except ValueError:
        wait_s = _seconds_until(retry_after)
    return round(min(max(wait_s, 1), MAX_RETRY_AFTER_S)) if isfinite(wait_s) else None


def _seconds_until(date: str) -> float:
    try:
        return (parsedate_to_datetime(date) - clock.now()).total_seconds()
    except (ValueError, TypeError, OverflowError):  # OverflowError: a year of 20 digits
        return nan
