"""Return problems as the protocol of the caller has its errors, whichever layer they come from."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors


@dataclass(frozen=True)
class ErrorBody:
    """An error as a protocol has it."""

    status: int
    media_type: str
    body: bytes


Translate = Callable[[dict[str, Any], Scope], ErrorBody]


class TranslatedProblems:
    """An outer middleware for the paths of one protocol."""

    def __init__(self, app: ASGIApp, *, prefix: str, translate: Translate) -> None:
        self.app, self.prefix, self.translate = app, prefix, translate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_ours = scope["type"] == "http" and scope["path"].startswith(self.prefix)
        translated = _Translated(send, scope, self.translate) if is_ours else send
        await self.app(scope, receive, translated)


class _Translated:
    """A `send` that collects a problem and sends its translation."""

    def __init__(self, send: Send, scope: Scope, translate: Translate) -> None:
        self._send, self._scope, self._translate = send, scope, translate
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
                await self._send_error(self._start)

    async def _send_error(self, start: Message) -> None:
        error = self._translate(json.loads(self._body), self._scope)
        start["status"] = error.status
        MutableHeaders(scope=start).update(
            {"content-type": error.media_type, "content-length": str(len(error.body))}
        )
        await self._send(start)
        await self._send({"type": "http.response.body", "body": error.body})


def _is_problem(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith(errors.MEDIA_TYPE)
