"""A vendor over HTTP that is none: OpenAI's chat completions and Anthropic's messages, both
streamed, with faults on order.

The model's name says what happens: a script, then its numbers, as in an address:
`answer?chunks=200&ms=5`.

- `answer`: `chunks` pieces of text, `ms` apart; so does every name that is no script. With
  `stamped=1` each piece is the millisecond in which it is sent, with `block` every such many pieces
  begin or end a block of code
- `echo`: the words of the last message, `ms` apart
- `error`: an error answer of `status`, called `code`, with the header Retry-After of `after`;
  good again after `times` times
- `mute`: no answer for `ms`
- `silent`: headers at once, but no text for `ms`; `pings` of them keep the connection busy
  meanwhile
- `cut`: the connection breaks after `chunks` pieces
- `unended`: the stream ends in good order after `chunks` pieces, without an end mark
- `broken`: an error inside the stream after `chunks` pieces, called `code`
- `tool`: asks for the first tool of the call

A test may also hand in the very bytes that a model's name is to answer (`Vendor.literal`). `python
-m tests.fake_vendor` serves as a process of its own and prints its port.
"""

import asyncio
import json
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.vendor_streams import Script, anthropic_events, openai_events

KEY = "sk-the-key-of-the-fake-vendor"
MODELS = ("answer?chunks=5", "gpt-5", "claude-opus-4-7")
Protocol = Literal["openai", "anthropic"]


@dataclass(frozen=True)
class Asked:
    """A call that arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    connection: int = 0  # the caller's port


@dataclass(frozen=True)
class Literally:
    """A response given byte by byte."""

    body: bytes
    content_type: str = "text/event-stream"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: object, status: int = 200) -> "Literally":
        """Return an answer that is JSON."""
        return cls(json.dumps(value).encode(), "application/json", status)

    @classmethod
    def events(cls, *values: object) -> "Literally":
        """Return a stream of JSON values, each with its own `type` as the event's name, and
        OpenAI's end mark.
        """
        named = [
            f"event: {value.get('type', 'message') if isinstance(value, dict) else 'message'}\n"
            for value in values
        ]
        body = "".join(
            f"{name}data: {json.dumps(value)}\n\n"
            for name, value in zip(named, values, strict=True)
        )
        return cls(f"{body}data: [DONE]\n\n".encode())


class Vendor:
    """The server's state: the calls that arrived, and the number of open streams."""

    def __init__(self) -> None:
        """Nothing has arrived."""
        self.address = ""
        self.asked: list[Asked] = []
        self.literal: dict[str, Literally] = {}
        self.models: Any = None  # JSON, or `drip`: a list that never ends
        self.models_after: dict[str, Any] = {}  # the next page of `models`, by `after_id`
        self.open_streams = 0
        self._calls: Counter[tuple[Protocol, str]] = Counter()

    def forget(self) -> None:
        """Begin anew, between two tests."""
        self.asked.clear()
        self.literal.clear()
        self.models = None
        self.models_after.clear()
        self._calls.clear()

    @property
    def last(self) -> Asked:
        """The latest call."""
        return self.asked[-1]

    def is_idle(self, within_s: float = 30.0) -> bool:
        """Wait until no stream is open; return whether that came about in time."""
        ends_at = time.monotonic() + within_s
        while self.open_streams and time.monotonic() < ends_at:
            time.sleep(0.005)
        return self.open_streams == 0

    async def answer(self, request: Request, protocol: Protocol) -> Response:
        """Play the script of the model that is asked for."""
        body = await request.json()
        model = body["model"]
        caller_port = request.client.port if request.client else 0
        self.asked.append(Asked(request.url.path, dict(request.headers), body, caller_port))
        if literally := self.literal.get(model):
            return Response(
                literally.body, literally.status, literally.headers, literally.content_type
            )
        script = Script.of(model)
        self._calls[protocol, model] += 1
        if script.kind == "error" and (
            script.times == 0 or self._calls[protocol, model] <= script.times
        ):
            return _error(script, protocol)
        if script.kind == "mute":
            await self._keep_waiting(request, script.ms / 1000)
        events = (
            openai_events(script, body) if protocol == "openai" else anthropic_events(script, body)
        )
        return StreamingResponse(self._counted(events), media_type="text/event-stream")

    async def _counted(self, events: AsyncIterator[str]) -> AsyncIterator[str]:
        self.open_streams += 1
        try:
            async for event in events:
                yield event
        finally:
            self.open_streams -= 1

    async def _keep_waiting(self, request: Request, for_s: float) -> None:
        self.open_streams += 1
        ends_at = time.monotonic() + for_s
        while time.monotonic() < ends_at and not await request.is_disconnected():
            await asyncio.sleep(0.01)
        self.open_streams -= 1

    async def list_models(self, request: Request) -> Response:
        """List the models in the protocol of whoever asks, or answer what a test has set."""
        self.asked.append(Asked(request.url.path, dict(request.headers), {}))
        if self.models == "drip":
            return StreamingResponse(self._counted(_drip()), media_type="application/json")
        if isinstance(self.models, Literally):
            return Response(
                self.models.body, self.models.status, self.models.headers, self.models.content_type
            )
        if self.models is not None:
            after = request.query_params.get("after_id", "")
            return JSONResponse(self.models_after.get(after, self.models))
        if "anthropic-version" in request.headers:
            listed = [
                {"type": "model", "id": name, "display_name": name, "max_input_tokens": 200_000}
                for name in MODELS
            ]
            return JSONResponse(
                {"data": listed, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]}
            )
        return JSONResponse(
            {"object": "list", "data": [{"id": name, "object": "model"} for name in MODELS]}
        )

    async def chat_completions(self, request: Request) -> Response:
        """Speak OpenAI's protocol."""
        return await self.answer(request, "openai")

    async def messages(self, request: Request) -> Response:
        """Speak Anthropic's protocol."""
        return await self.answer(request, "anthropic")

    async def embeddings(self, request: Request) -> Response:
        """Embed each text as its length and 1, the last text first."""
        body = await request.json()
        self.asked.append(Asked(request.url.path, dict(request.headers), body))
        if literally := self.literal.get(body["model"]):
            return Response(literally.body, literally.status, media_type=literally.content_type)
        script = Script.of(body["model"])
        if script.kind == "error":
            return _error(script, "openai")
        rows = [
            {"object": "embedding", "index": index, "embedding": [len(text), 1.0]}
            for index, text in enumerate(body["input"])
        ]
        usage = {"prompt_tokens": 13, "total_tokens": 13}
        return JSONResponse({"object": "list", "data": rows[::-1], "model": "m", "usage": usage})

    async def redirect(self, _request: Request) -> Response:
        """Point to where the models are, for whoever follows redirects."""
        return Response(status_code=307, headers={"location": "/v1/models"})

    def app(self) -> Starlette:
        """Return the server."""
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self.chat_completions, methods=["POST"]),
                Route("/v1/messages", self.messages, methods=["POST"]),
                Route("/v1/embeddings", self.embeddings, methods=["POST"]),
                Route("/v1/models", self.list_models),
                Route("/moved/v1/models", self.redirect),
                Route("/moved/models", self.redirect),
            ]
        )


def _error(script: Script, protocol: Protocol) -> Response:
    said = {
        "type": script.called,
        "code": script.called,
        "message": f"the fake vendor says {script.called}",
    }
    body = {"error": said} if protocol == "openai" else {"type": "error", "error": said}
    return JSONResponse(
        body, script.status, {"retry-after": script.after} if script.after else None
    )


async def _drip() -> AsyncIterator[str]:
    while True:
        await asyncio.sleep(0.02)
        yield " "


def _listen() -> socket.socket:
    # Without the protocol's number asyncio leaves Nagle's algorithm on: 44 ms a response.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    return listening


def _server(vendor: Vendor) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            vendor.app(), lifespan="off", ws="none", log_level="critical", access_log=False
        )
    )


@contextmanager
def serving() -> Iterator[Vendor]:
    """Serve in a thread of this process."""
    vendor = Vendor()
    server = _server(vendor)
    with _listen() as listening:
        vendor.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listening]}, name="fake vendor", daemon=True
        )
        thread.start()
        while not server.started:
            time.sleep(0.005)
        yield vendor
        server.should_exit = server.force_exit = True
        thread.join(5)


def main() -> None:
    """Serve in a process of its own."""
    with _listen() as listening:
        sys.stdout.write(f"{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        _server(Vendor()).run(sockets=[listening])


if __name__ == "__main__":
    main()
