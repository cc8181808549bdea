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
import re
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

PIECE = "word "
KEY = "sk-the-key-of-the-fake-vendor"
CODES = {
    400: "invalid_request_error",
    401: "authentication_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
SCRIPTS = ("answer", "echo", "error", "mute", "silent", "cut", "unended", "broken", "tool")
MODELS = ("answer?chunks=5", "gpt-5", "claude-opus-4-7")
NUMBERS = {
    "chunks": int,
    "ms": float,
    "status": int,
    "times": int,
    "pings": int,
    "stamped": int,
    "block": int,
}
ARGUMENTS = ('{"city": ', '"Paris"}')
Protocol = Literal["openai", "anthropic"]


class ConnectionBreaks(Exception):
    """Makes the server drop the connection in the middle of a response."""


@dataclass(frozen=True)
class Script:
    """The behaviour that a model's name requests."""

    kind: str = "answer"
    chunks: int = 5
    ms: float = 0.0
    status: int = 500
    times: int = 0
    pings: int = 0
    stamped: int = 0
    block: int = 0
    after: str | None = None
    code: str | None = None

    @classmethod
    def of(cls, model: str) -> "Script":
        """Return the script that a model's name orders."""
        kind, _, numbers = model.partition("?")
        if kind not in SCRIPTS:
            return cls()
        given: dict[str, Any] = {
            name: NUMBERS.get(name, str)(value) for name, value in parse_qsl(numbers)
        }
        return cls(kind, **given)

    @property
    def called(self) -> str:
        """What the vendor calls the fault."""
        return self.code or CODES.get(self.status, "api_error")


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
        self.open_streams = 0
        self._calls: Counter[tuple[Protocol, str]] = Counter()

    def forget(self) -> None:
        """Begin anew, between two tests."""
        self.asked.clear()
        self.literal.clear()
        self.models = None
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
            _openai_events(script, body)
            if protocol == "openai"
            else _anthropic_events(script, body)
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
            return JSONResponse(self.models)
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


async def _pieces(script: Script, body: dict[str, Any]) -> AsyncIterator[str]:
    """Yield the answer's text, and break the connection where the script says so."""
    for piece in _texts(script, body):
        yield piece
        if script.ms and script.kind in ("answer", "echo"):
            await asyncio.sleep(script.ms / 1000)
    if script.kind == "cut":
        raise ConnectionBreaks


def _texts(script: Script, body: dict[str, Any]) -> Iterator[str]:
    if script.kind == "echo":
        yield from re.findall(r"\S+\s*", body["messages"][-1]["content"])
    else:
        yield from (_piece(script, number) for number in range(script.chunks))


def _piece(script: Script, number: int) -> str:
    if script.stamped:
        return f"{time.time_ns() // 1_000_000} "
    if script.block and number % script.block == 0:
        return "\n```\n" if number // script.block % 2 else "\n```python\n"
    return PIECE


async def _openai_events(script: Script, body: dict[str, Any]) -> AsyncIterator[str]:
    yield _completion({"role": "assistant", "content": ""})
    for _ in range(script.pings):
        await asyncio.sleep(script.ms / 1000 / script.pings)
        yield ": still there\n\n"
    if script.kind == "silent" and not script.pings:
        await asyncio.sleep(script.ms / 1000)
    if script.kind == "tool":
        for delta in _tool_deltas(body["tools"][0]["function"]["name"]):
            yield _completion({"tool_calls": [delta]})
    else:
        async for piece in _pieces(script, body):
            yield _completion({"content": piece})
    for event in _openai_end(script, body):
        yield event


def _openai_end(script: Script, body: dict[str, Any]) -> Iterator[str]:
    if script.kind == "unended":
        return
    if script.kind == "broken":
        yield _data(
            {
                "error": {
                    "type": script.called,
                    "code": script.called,
                    "message": "the fake vendor broke",
                }
            }
        )
        return
    yield _completion({}, "tool_calls" if script.kind == "tool" else "stop")
    if (body.get("stream_options") or {}).get("include_usage"):
        yield _data(
            {
                "id": "c-1",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "m",
                "choices": [],
                "usage": _openai_usage(script),
            }
        )
    yield "data: [DONE]\n\n"


def _openai_usage(script: Script) -> dict[str, Any]:
    return {
        "prompt_tokens": 13,
        "completion_tokens": script.chunks + 3,
        "total_tokens": 16 + script.chunks,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }


def _completion(delta: dict[str, Any], finish_reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return _data(
        {
            "id": "c-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [choice],
        }
    )


def _tool_deltas(name: str) -> list[dict[str, Any]]:
    first = {
        "index": 0,
        "id": "call_1",
        "type": "function",
        "function": {"name": name, "arguments": ""},
    }
    return [first, *({"index": 0, "function": {"arguments": part}} for part in ARGUMENTS)]


async def _anthropic_events(script: Script, body: dict[str, Any]) -> AsyncIterator[str]:
    usage = {
        "input_tokens": 7,
        "cache_read_input_tokens": 4,
        "cache_creation_input_tokens": 2,
        "output_tokens": 1,
    }
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
    }
    yield _event("message_start", message={**message, "stop_sequence": None, "usage": usage})
    for _ in range(script.pings):
        await asyncio.sleep(script.ms / 1000 / script.pings)
        yield _event("ping")
    if script.kind == "silent" and not script.pings:
        await asyncio.sleep(script.ms / 1000)
    async for event in _anthropic_content(script, body):
        yield event
    for event in _anthropic_end(script):
        yield event


async def _anthropic_content(script: Script, body: dict[str, Any]) -> AsyncIterator[str]:
    if script.kind == "tool":
        block = {"type": "tool_use", "id": "toolu_1", "name": body["tools"][0]["name"], "input": {}}
        yield _event("content_block_start", index=0, content_block=block)
        for part in ARGUMENTS:
            yield _event(
                "content_block_delta",
                index=0,
                delta={"type": "input_json_delta", "partial_json": part},
            )
    else:
        yield _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        async for piece in _pieces(script, body):
            yield _event(
                "content_block_delta", index=0, delta={"type": "text_delta", "text": piece}
            )
    yield _event("content_block_stop", index=0)


def _anthropic_end(script: Script) -> Iterator[str]:
    if script.kind == "unended":
        return
    if script.kind == "broken":
        yield _event("error", error={"type": script.called, "message": "the fake vendor broke"})
        return
    reason = "tool_use" if script.kind == "tool" else "end_turn"
    yield _event(
        "message_delta",
        delta={"stop_reason": reason, "stop_sequence": None},
        usage={"output_tokens": script.chunks + 3},
    )
    yield _event("message_stop")


async def _drip() -> AsyncIterator[str]:
    while True:
        await asyncio.sleep(0.02)
        yield " "


def _data(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value)}\n\n"


def _event(kind: str, **facts: Any) -> str:  # noqa: ANN401  members of the event
    return f"event: {kind}\n{_data({'type': kind, **facts})}"


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
