"""Return errors as problem+json (RFC 9457)."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from api import outage
from core import errors
from core.platform.ids import new_id
from core.presentation.validation import message_of, root_errors, values_of

log = logging.getLogger("attune.api")

STATUS: dict[type[errors.Failure], HTTPStatus] = {
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotSignedIn: HTTPStatus.UNAUTHORIZED,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    errors.LimitReached: HTTPStatus.BAD_REQUEST,
    errors.ProviderFailed: HTTPStatus.BAD_GATEWAY,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
# By reason of a provider's failure, where it lies in the request: callers send again what got 429
# or 502. A rejected key of a provider is not the caller's.
OF_THE_REQUEST = {
    "cost_limit": HTTPStatus.BAD_REQUEST,
    "bad_request": HTTPStatus.BAD_REQUEST,
    "context_length": HTTPStatus.BAD_REQUEST,
    "too_long": HTTPStatus.BAD_REQUEST,
    "not_found": HTTPStatus.NOT_FOUND,
}
CODES = {
    400: "bad_request",
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    422: errors.Invalid.code,
}
MOST_NAMED = 100  # invalid fields that are listed in a response
MEDIA_TYPE = "application/problem+json"


def problem(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  members of the problem
    """Return the members of a problem; `more` are additional ones.

    Its words may quote half of a surrogate pair, which JSON allows and UTF-8 does not.
    """
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail.encode(errors="replace").decode(),
        "code": code,
        **more,
    }


def problem_of(failure: errors.Failure) -> dict[str, Any]:
    """Return the problem for an error of core; raise the error when it has no HTTP status."""
    status = next((status for kind, status in STATUS.items() if isinstance(failure, kind)), None)
    if status is None:
        raise failure
    if isinstance(failure, errors.ProviderFailed):
        status = OF_THE_REQUEST.get(str(failure.facts.get("reason")), status)
    return problem(status, failure.code, failure.detail, **failure.facts)


def response(body: dict[str, Any], headers: dict[str, str] | None = None) -> JSONResponse:
    """Return a problem as a response."""
    extra = {"Retry-After": "2"} if body["status"] == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return JSONResponse(
        body, body["status"], media_type=MEDIA_TYPE, headers={**extra, **(headers or {})}
    )


def install(api: FastAPI) -> None:
    """Register the handlers that turn every error of a route into a problem."""
    api.add_exception_handler(errors.Failure, failure)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, refusal)
    api.add_exception_handler(Exception, unexpected)


async def failure(request: Request, error: Exception) -> Response:
    """Return the response for an error of core: a problem, or a page during an outage."""
    if not isinstance(error, errors.Failure):
        raise error
    if isinstance(error, errors.Unavailable) and outage.wants_page(request.scope):
        return outage.page(request.scope, error)
    headers = (
        {"Retry-After": str(error.facts["retry_after_s"])}
        if "retry_after_s" in error.facts
        else None
    )
    return response(problem_of(error), headers)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    fields = [
        {"field": _path(issue["loc"]), "message": message_of(issue)}
        for issue in root_errors(error.errors())[:MOST_NAMED]
    ]
    detail = "; ".join(f"{field['field']}: {field['message']}" for field in fields[:3])
    return response(problem(422, errors.Invalid.code, detail, errors=fields))


def _path(location: tuple[int | str, ...]) -> str:
    # A field name from the caller may contain what UTF-8 cannot encode.
    parts = [
        values_of(str(element)).encode(errors="replace").decode()
        for element in location
        if element not in ("body", "query", "path")
    ]
    return ".".join(parts) or "body"


async def refusal(_request: Request, error: Exception) -> JSONResponse:
    """Return the problem for an HTTPException, such as an unknown address or a large body."""
    if not isinstance(error, HTTPException):
        raise error
    detail = (
        "Nothing found at this address."
        if error.status_code == HTTPStatus.NOT_FOUND
        else str(error.detail)
    )
    return response(
        problem(error.status_code, CODES.get(error.status_code, "refused"), detail),
        dict(error.headers or {}),
    )


async def unexpected(request: Request, error: Exception) -> JSONResponse:
    """Log an unexpected error, once however many layers it passes, and return its incident ID."""
    if isinstance(error, ClientDisconnect):  # the client has disconnected; this is not an error
        return response(
            problem(400, CODES[400], "The connection was closed before the body was complete.")
        )
    state = request.scope["state"]
    if "incident" not in state:
        state["incident"] = str(new_id())
        facts = {"incident": state["incident"], "path": request.url.path}
        if isinstance(error.__cause__, errors.Unavailable):  # after the response had begun
            log.warning("a response was broken off by an outage", extra=facts)
        else:
            log.error("a route failed", exc_info=error, extra=facts)
    detail = f"Something went wrong. The server log has details under incident {state['incident']}."
    return response(problem(500, "internal", detail, incident=state["incident"]))
