"""Return errors to OTLP senders as google.rpc.Status, in their encoding."""

import json
from enum import StrEnum

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors

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


class StatusBodies:
    """The outermost middleware, so that errors of any layer are translated."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await self.app(scope, receive, send)
            return
        encoding = encoding_of(Headers(scope=scope).get("content-type", "")) or Encoding.JSON
        await self.app(scope, receive, Translated(send, encoding))


class Translated:
    """A `send` that collects a problem and sends it as google.rpc.Status."""

    def __init__(self, send: Send, encoding: Encoding) -> None:
        self._send, self._encoding = send, encoding
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_problem(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._send_status(self._start)

    async def _send_status(self, start: Message) -> None:
        problem = json.loads(self._body)
        status = STATUS.get(problem["status"], problem["status"])
        body = status_body(CODES.get(status, 2), problem["detail"], self._encoding)
        start["status"] = status
        MutableHeaders(scope=start).update(
            {"content-type": self._encoding.value, "content-length": str(len(body))}
        )
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _is_problem(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith(errors.MEDIA_TYPE)


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
