"""Translate failures of core into HTTP problems (RFC 9457, `application/problem+json`)."""

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
CODES = {
    400: "bad_request",
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    422: errors.Invalid.code,
}
MOST_NAMED = 100  # fields: a body of very many wrong ones is told what is wrong with the first
MEDIA_TYPE = "application/problem+json"


def problem(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  members of the problem
    """Return the members of a problem."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }


def problem_of(failure: errors.Failure) -> dict[str, Any]:
    """Return a failure of core as a problem; raise it when it is of no kind that an answer is made for."""
    status = next((status for kind, status in STATUS.items() if isinstance(failure, kind)), None)
    if status is None:
        raise failure
    return problem(status, failure.code, failure.detail, **failure.facts)


def response(body: dict[str, Any], headers: dict[str, str] | None = None) -> JSONResponse:
    """Return a problem as a response."""
    extra = {"Retry-After": "2"} if body["status"] == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return JSONResponse(body, body["status"], media_type=MEDIA_TYPE, headers={**extra, **(headers or {})})


def install(api: FastAPI) -> None:
    """Make every way in which a route can fail a problem."""
    api.add_exception_handler(errors.Failure, failure)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, refusal)
    api.add_exception_handler(Exception, unexpected)


async def failure(request: Request, failed: Exception) -> Response:
    """Answer with a failure of core; in an outage, a person gets a page."""
    if not isinstance(failed, errors.Failure):
        raise failed
    if isinstance(failed, errors.Unavailable) and outage.wants_page(request.scope):
        return outage.page(request.scope, failed)
    headers = {"Retry-After": str(failed.facts["retry_after_s"])} if "retry_after_s" in failed.facts else None
    return response(problem_of(failed), headers)


async def _invalid(_request: Request, invalid: Exception) -> JSONResponse:
    if not isinstance(invalid, RequestValidationError):
        raise invalid
    fields = [
        {"field": _path(error["loc"]), "message": error["msg"].removeprefix("Value error, ")}
        for error in invalid.errors()[:MOST_NAMED]
    ]
    detail = "; ".join(f"{field['field']}: {field['message']}" for field in fields[:3])
    return response(problem(422, errors.Invalid.code, detail, errors=fields))


def _path(location: tuple[int | str, ...]) -> str:
    # A field that the caller has named may hold what cannot be written as UTF-8.
    parts = [str(part).encode(errors="replace").decode() for part in location if part not in ("body", "query", "path")]
    return ".".join(parts) or "body"


async def refusal(_request: Request, refused: Exception) -> JSONResponse:
    """Answer with what the framework refuses: no such address, no such method, a body too large or broken."""
    if not isinstance(refused, HTTPException):
        raise refused
    detail = "Nothing found at this address." if refused.status_code == HTTPStatus.NOT_FOUND else str(refused.detail)
    return response(problem(refused.status_code, CODES.get(refused.status_code, "refused"), detail), dict(refused.headers or {}))


async def unexpected(request: Request, error: Exception) -> JSONResponse:
    """Log what nobody foresaw, once however many layers it passes, and answer with the id under which it was logged."""
    if isinstance(error, ClientDisconnect):  # nobody is there to read the answer, and nothing is wrong here
        return response(problem(400, CODES[400], "The connection was closed before the body was complete."))
    state = request.scope["state"]
    if "incident" not in state:
        state["incident"] = str(new_id())
        log.error("a route failed", exc_info=error, extra={"incident": state["incident"], "path": request.url.path})
    detail = f"Something went wrong. The server log has details under incident {state['incident']}."
    return response(problem(500, "internal", detail, incident=state["incident"]))
