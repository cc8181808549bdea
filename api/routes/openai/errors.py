"""Errors as OpenAI's API returns them."""

import json
from typing import Any

from starlette.types import Scope

from api.http.problem_bodies import ErrorBody
from api.routes.openai.bodies import OPENAI_NAMES
from core.errors import Invalid, ProviderFailed

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
}
# Its SDKs raise BadRequestError for what is refused
STATUS = {422: 400}
# By which programs tell a model that is not there
CODES = {"model_missing": "model_not_found"}
# By which programs tell what a provider refuses for good
OF_PROVIDERS = {
    "bad_request": "bad_request",
    "context_length": "context_length_exceeded",
    "too_long": "too_long",
    "not_found": "model_not_found",
}


class AnswerCancelled(Invalid):
    """The call was cancelled before its answer was complete."""

    code = "cancelled"


def translate(problem: dict[str, Any], _scope: Scope) -> ErrorBody:
    """Return a problem as an error of OpenAI's API."""
    status, _ = _status_and_code(problem)
    return ErrorBody(status, "application/json", json.dumps({"error": error_of(problem)}).encode())


def error_of(problem: dict[str, Any]) -> dict[str, Any]:
    """Return the `error` object of OpenAI's API for a problem."""
    status, code = _status_and_code(problem)
    fields = [error["field"] for error in problem.get("errors") or ()]
    message = problem["detail"]
    for field in fields:
        message = message.replace(f"{field}: ", f"{_own_name(field)}: ", 1)
    return {
        "message": message,
        "type": TYPES.get(status, "server_error"),
        # A body as a whole has no name
        "param": (_own_name(fields[0]) or None) if fields else None,
        "code": code,
    }


def _own_name(field: str) -> str:
    name = field.removeprefix("parameters.")
    return OPENAI_NAMES.get(name, name)


def _status_and_code(problem: dict[str, Any]) -> tuple[int, str]:
    status, code = problem["status"], problem["code"]
    if code == ProviderFailed.code:
        return status, OF_PROVIDERS.get(problem.get("reason", ""), code)
    return STATUS.get(status, status), CODES.get(code, code)
