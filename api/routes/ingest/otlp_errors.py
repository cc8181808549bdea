"""Return errors to OTLP senders as google.rpc.Status, in their encoding."""

import json
from enum import StrEnum
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

from api.http.problem_bodies import ErrorBody

PATH = "/otlp/v1/traces"


class Encoding(StrEnum):
    """The encoding of an OTLP request."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


# Codes of google.rpc.Code, and OTLP's HTTP status: exporters retry only 429, 502, 503 and 504.
CODES = {400: 3, 401: 16, 403: 7, 404: 5, 413: 8, 415: 3, 429: 8, 500: 13, 503: 14}
STATUS = {422: 400}


def encoding_of(content_type: str) -> Encoding | None:
    """Return the encoding of a body, or None when it is not one of OTLP's."""
    media_type = content_type.split(";")[0].strip().lower()
    return next((encoding for encoding in Encoding if encoding == media_type), None)


def translate(problem: dict[str, Any], scope: Scope) -> ErrorBody:
    """Return a problem as google.rpc.Status, in the encoding of the request."""
    encoding = encoding_of(Headers(scope=scope).get("content-type", "")) or Encoding.JSON
    status = STATUS.get(problem["status"], problem["status"])
    body = status_body(CODES.get(status, 2), problem["detail"], encoding)
    return ErrorBody(status, encoding.value, body)


def status_body(code: int, message: str, encoding: Encoding) -> bytes:
    """Return an encoded google.rpc.Status: `code` is field 1, `message` field 2."""
    if encoding is Encoding.JSON:
        return json.dumps({"code": code, "message": message}).encode()
    text = message.encode()
    return b"\x08" + _varint(code) + b"\x12" + _varint(len(text)) + text


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes([*encoded, number])
