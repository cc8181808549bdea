"""Translate the errors of vendor SDKs into provider errors."""

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
from core.network.outbound import AddressRefused, AnswerTooLarge
from core.platform import clock
from core.providers.errors import (
    AnswerTooLong,
    CallFailed,
    CallRefused,
    ContextTooLong,
    CreditUsedUp,
    KeyRefused,
    NothingThere,
    NotReached,
    Overloaded,
    ProviderUnreachable,
    ServerBroke,
    TookTooLong,
    TooManyCalls,
    UnexpectedFormat,
)

log = logging.getLogger("attune.providers")
Kind = TypeVar("Kind", bound=BaseException)

LONGEST_QUOTE = 300
LONGEST_WAIT_S = 86_400
# The SDKs check nothing that they receive: what is not in the protocol surfaces as one of these, theirs or ours.
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
)


@dataclass(frozen=True)
class ErrorAnswer:
    """An error answer, as an SDK has understood it."""

    status: int | None  # None for an error inside a stream that had begun well
    kinds: tuple[str, ...]  # what the vendor calls it
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def meant(self) -> int | None:
        """The status that is meant: inside a stream some servers (OpenRouter) give it as the error's code."""
        said = (int(kind) for kind in self.kinds if kind.isascii() and kind.isdecimal() and len(kind) == 3)
        return self.status or next(said, None)


def of_answer(answer: ErrorAnswer) -> CallFailed:
    """Return the failure behind an error answer; the first 300 characters of its own words are passed on."""
    status, kinds, said = answer.meant, answer.kinds, quoted(answer.message)
    words = f"{' '.join(kinds)} {answer.message}".lower()
    if _says(words, LONG_CONTEXT):
        return ContextTooLong()
    if status == 402 or _says(words, NO_CREDIT):
        return CreditUsedUp(said)
    if status in (401, 403) or _is_called(kinds, "authentication_error", "permission_error", "invalid_api_key"):
        return KeyRefused(said)
    if status == 429 or _is_called(kinds, "rate_limit_error", "rate_limit_exceeded"):
        return TooManyCalls(said, retry_after_s=_seconds(answer.headers.get("retry-after")))
    if status in (503, 529) or _is_called(kinds, "overloaded_error"):
        return Overloaded(said, retry_after_s=_seconds(answer.headers.get("retry-after")))
    if _is_called(kinds, "invalid_request_error") and status is None:
        return CallRefused(said)
    return _of_status(status, said)


def _of_status(status: int | None, said: str) -> CallFailed:
    match status:
        case 404:
            return NothingThere(said)
        case 408 | 504:
            return TookTooLong(said)
        case int() if 300 <= status < 400:
            return NotReached("It redirects to another address, which is not followed.")
        case int() if 400 <= status < 500:
            return CallRefused(said)
        case _:
            return ServerBroke(said)


def of_transport(error: Exception) -> CallFailed:
    """Return the failure behind an error of the connection."""
    if refused := _in_chain(error, AddressRefused):
        return NotReached(refused.detail)
    if _in_chain(error, AnswerTooLarge):
        return AnswerTooLong()
    if untrusted := _in_chain(error, ssl.SSLCertVerificationError):
        return NotReached(f"Its certificate is not accepted: {untrusted.verify_message}")
    if unconnected := _in_chain(error, httpcore2.ConnectError):
        return ProviderUnreachable(f"{unconnected}.")
    if _in_chain(error, httpx2.TimeoutException) and not _in_chain(error, httpx2.ConnectTimeout):
        return TookTooLong()
    return ProviderUnreachable()


def of_malformed(error: Exception) -> CallFailed:
    """Return the failure behind an answer that nobody can read; the log says where it went wrong."""
    log.warning("a provider's answer could not be read", exc_info=error)
    return UnexpectedFormat()


def said_in(body: object) -> str:
    """Return the words in the body of an error answer, in whichever of the usual places they stand."""
    while isinstance(body, dict):
        body = body.get("error") or body.get("message") or body.get("detail")
    return body if isinstance(body, str) else ""


def quoted(message: str) -> str:
    """Return the provider's words, short and on one line; a page of HTML says nothing to a person."""
    words = " ".join(storable(message).split())
    return f"Provider message: {words[:LONGEST_QUOTE]}" if words and not words.startswith("<") else ""


def _says(words: str, any_of: tuple[str, ...]) -> bool:
    return any(known in words for known in any_of)


def _is_called(kinds: tuple[str, ...], *any_of: str) -> bool:
    return any(kind in any_of for kind in kinds)


def _in_chain(error: BaseException, kind: type[Kind]) -> Kind | None:
    current: BaseException | None = error
    while current is not None:
        if isinstance(current, kind):
            return current
        current = current.__cause__ or current.__context__
    return None


def _seconds(retry_after: str | None) -> int | None:
    """Return the seconds of a Retry-After header, which holds them or a date."""
    if retry_after is None:
        return None
    try:
        wait_s = float(retry_after)
    except ValueError:
        wait_s = _until(retry_after)
    return round(min(max(wait_s, 1), LONGEST_WAIT_S)) if isfinite(wait_s) else None


def _until(date: str) -> float:
    try:
        return (parsedate_to_datetime(date) - clock.now()).total_seconds()
    except (ValueError, TypeError):
        return nan
