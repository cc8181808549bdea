"""Errors as OpenAI's API returns them."""

import json
from typing import Any

from starlette.types import Scope

from api.http.problem_bodies import ErrorBody

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


def translate(problem: dict[str, Any], _scope: Scope) -> ErrorBody:
    """Return a problem as an error of OpenAI's API."""
    status = STATUS.get(problem["status"], problem["status"])
    return ErrorBody(status, "application/json", json.dumps({"error": error_of(problem)}).encode())


def error_of(problem: dict[str, Any]) -> dict[str, Any]:
    """Return the `error` object of OpenAI's API for a problem."""
    status = STATUS.get(problem["status"], problem["status"])
    fields = problem.get("errors") or []
    return {
        "message": problem["detail"],
        "type": TYPES.get(status, "server_error"),
        "param": fields[0]["field"] if fields else None,
        "code": problem["code"],
    }
