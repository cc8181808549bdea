"""The OpenAPI description: FastAPI's, with security schemes and the problem responses of each
operation.

A route declares only problems that do not follow from its parameters: `responses=CONFLICT` and the
like.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from api import protocols_reference
from api.errors import MEDIA_TYPE

# A list's name, as pydantic makes it: Page[UserSummary] becomes UserSummaryPage.
GENERIC = re.compile(r'\b(?:Sorted)?(Page|Items|CountedItems)[_\[](\w+?)[_\]](?=")')
REFERENCE = re.compile(r'"#/components/schemas/([^"]+)"')
REFERENCE_TO = "#/components/schemas/{name}"
OWN_SCHEMAS = "x-schemas"  # of an operation: those of its body that FastAPI does not know
METHODS = frozenset({"get", "post", "put", "patch", "delete"})
SIGN_IN = "/admin/auth/login"
PROBLEMS = {
    400: "A limit is reached, or the request cannot be parsed or is refused by the provider.",
    401: "No valid token, key or cookie.",
    403: "The role, the scope of the key or the Origin does not allow this.",
    404: "Not found, or owned by another account.",
    409: "The state of the resource does not allow this now.",
    413: "The body is too large.",
    415: "The body is in none of the documented types.",
    422: "Some fields are invalid: `errors` names them.",
    429: "Too many requests, or a quota is used up: `Retry-After` says when to try again.",
    502: "The model's provider failed.",
    503: "The database does not respond, or too much is in progress: see `Retry-After`.",
}
Responses = dict[int | str, dict[str, Any]]
MISSING: Responses = {404: {}}  # what the body or a filter refers to
CONFLICT: Responses = {409: {}}
MODEL_CALL: Responses = {400: {}, 404: {}, 409: {}, 502: {}}
TEXT = {"schema": {"type": "string"}}

PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "examples": ["about:blank"]},
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened, and what to do."},
        "code": {
            "type": "string",
            "description": "Stable, for programs.",
            "examples": ["not_found", "validation_failed"],
        },
        "errors": {
            "type": "array",
            "description": "The fields that are invalid (422).",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": (
            "A person's token from `admin/auth/login`, or an API key (`atn_…`) with the needed "
            "scopes."
        ),
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "attune",
        "description": (
            "The console's cookie (`__Host-attune` behind TLS). Writes also need an `Origin` of "
            "the console."
        ),
    },
}


def text_of(*media_types: str) -> Responses:
    """Return the description of an answer that is a file of one of these types."""
    return {200: {"content": dict.fromkeys(media_types, TEXT)}}


class DescribedApi(FastAPI):
    """FastAPI with a complete OpenAPI description."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            named = GENERIC.sub(r"\2\1", json.dumps(super().openapi()))
            document = json.loads(named)
            _collect_own_schemas(document)
            protocols_reference.add_to(document, PROBLEMS)
            self.openapi_schema = _without_unused(document)
            complete(self.openapi_schema)
        return super().openapi()


def _collect_own_schemas(document: dict[str, Any]) -> None:
    components = document["components"]
    for _, operation in _operations(document):
        # Answers name some of the same kinds, in the same way
        components["schemas"] = operation.pop(OWN_SCHEMAS, {}) | components["schemas"]


def _without_unused(document: dict[str, Any]) -> dict[str, Any]:
    """Return a description without schemas that nothing refers to: pydantic describes kinds that
    contain themselves for answers too, where none has them, and names those of bodies apart.
    """
    schemas, used = document["components"]["schemas"], dict[str, Any]()
    texts = [json.dumps(document["paths"])]
    while texts:
        for name in set(REFERENCE.findall(texts.pop())) - used.keys():
            used[name] = schemas[name]
            texts.append(json.dumps(schemas[name]))
    document["components"]["schemas"] = {name: schemas[name] for name in schemas if name in used}
    only_bodies = {name for name in used if f"{name.removesuffix('-Input')}-Output" not in used}
    text = json.dumps(document)
    for name in sorted(name for name in only_bodies if name.endswith("-Input")):
        text = text.replace(f'{name}"', f'{name.removesuffix("-Input")}"')
    found: dict[str, Any] = json.loads(text)
    return found


def complete(document: dict[str, Any]) -> None:
    """Add problems and security schemes to a description, in place."""
    for path, operation in _operations(document):
        responses = operation["responses"]
        if any(_is_of_lists(parameter) for parameter in operation.get("parameters", ())):
            responses["200"]["content"]["text/csv"] = TEXT
        for status in sorted(
            _problems(path, operation)
            | {int(code) for code in responses if int(code) >= min(PROBLEMS)}
        ):
            responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
        if path == SIGN_IN:
            operation["security"] = []
    components = document["components"]
    components["schemas"] = {
        name: schema
        for name, schema in components["schemas"].items()
        if name not in ("HTTPValidationError", "ValidationError")
    } | {"Problem": PROBLEM}
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    components["responses"] = {
        str(status): {"description": text, "content": content} for status, text in PROBLEMS.items()
    }
    components["securitySchemes"] = SECURITY_SCHEMES
    document["security"] = [{"bearer": []}, {"session": []}]


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the operations below /api/v1: others have servers and errors of their own."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS and "servers" not in operation:
                yield path, operation


def _is_of_lists(parameter: dict[str, Any]) -> bool:
    """Return whether this is `format`, by which a list is a CSV file."""
    formats: list[str] = parameter["schema"].get("enum", [])
    return parameter["name"] == "format" and formats == ["json", "csv"]


def _problems(path: str, operation: dict[str, Any]) -> set[int]:
    """Return the status codes that follow from an operation's parameters and body."""
    statuses = {401, 429, 503} if path == SIGN_IN else {401, 403, 429, 503}
    parameters = operation.get("parameters", ())
    if any(parameter["in"] == "path" for parameter in parameters):
        statuses.add(404)
    if parameters or "requestBody" in operation:
        statuses.add(422)
    if "requestBody" in operation:
        statuses |= {400, 413}
    return statuses
