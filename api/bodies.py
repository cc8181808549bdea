"""Limit the size of request bodies while they are read."""

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors
from core.errors import Unavailable
from core.ingest.json_limits import MOST_VALUES, excess
from core.ingest.json_objects import DEEPEST

LARGEST_BODY = 20 * 1024 * 1024
# One document: what is sent to these holds many rows, files or a whole conversation.
LARGEST_DOCUMENT = 1024 * 1024
DOCUMENTS_BELOW = "/api/v1/"
FOLDER = "/api/v1/admin/ai/knowledge/documents/folder"
LARGE = ("/api/v1/ingest/", "/api/v1/imports", "/api/v1/prompts/execute", "/api/v1/admin/playground/", FOLDER)
MOST_HELD = 256 * 1024 * 1024
LINES = (b"application/x-ndjson", b"application/ndjson", b"application/jsonl")
LINES_BELOW = "/api/v1/ingest/"
LEVELS_AROUND = 8  # what a JSON object of a stranger stands in
FILES = "/api/v1/imports"  # written to the disk a piece at a time, within limits of its own
# Whoever has not signed in has a form to send, and nothing else.
LARGEST_OF_STRANGERS = 64 * 1024


class BodyLimit:
    """Stands behind the gate, which has found out who is asking."""

    def __init__(self, app: ASGIApp) -> None:
        """Limit what reaches `app`."""
        self.app = app
        self.held = 0  # bytes of all bodies that are being read or answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a body that says it is too large, and end one that turns out to be."""
        if scope["type"] != "http" or _is_read_in_pieces(scope):
            await self.app(scope, receive, send)
            return
        limit = _limit(scope)
        if _announced(scope) > limit:
            await errors.response(_too_large(limit))(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += (more := len(message.get("body", b"")))
            self.held += more
            if read > limit:
                raise HTTPException(413, _words(limit))
            if self.held > MOST_HELD:
                raise Unavailable("Too many large bodies are on their way at the moment. Send it again.")
            return message

        try:
            await self.app(scope, _looked_through(counted) if _is_decoded_at_once(scope) else counted, send)
        finally:
            self.held -= read


def _is_read_in_pieces(scope: Scope) -> bool:
    """Whether a body has no end to count to: its route holds a line or a piece at a time, and limits that."""
    is_known = scope["state"].get("actor") is not None
    if scope["path"] == FILES and scope["method"] == "POST":
        return is_known
    types = [value for name, value in scope["headers"] if name == b"content-type"]
    is_lines = bool(types) and types[0].split(b";")[0].strip().lower() in LINES
    return is_lines and scope["path"].startswith(LINES_BELOW) and is_known


def _is_decoded_at_once(scope: Scope) -> bool:
    """Whether a body becomes objects at once; routes of rows do that a portion at a time."""
    path: str = scope["path"]
    return path.startswith(DOCUMENTS_BELOW) and not path.startswith(LINES_BELOW)


def _looked_through(receive: Receive) -> Receive:
    """Return a `receive` that gives the body whole, and refuses one that is far more as objects than in bytes."""
    is_read = False

    async def whole() -> Message:
        nonlocal is_read
        body, is_read, was_read = bytearray(), True, is_read
        while not was_read:
            message = await receive()
            if message["type"] != "http.request":
                return message
            body += message.get("body", b"")
            if not message.get("more_body"):
                await _check_values(bytes(body))
                return {"type": "http.request", "body": bytes(body), "more_body": False}
        return await receive()

    return whole


async def _check_values(body: bytes) -> None:
    if len(body) <= MOST_VALUES:  # most are, and cannot have too many
        return
    too_much = await run_in_threadpool(excess, body, deepest=DEEPEST + LEVELS_AROUND)
    if too_much is not None:
        raise HTTPException(422, f"This body is {too_much}." if "nested" in too_much else f"This body has {too_much}.")


def _limit(scope: Scope) -> int:
    if not scope["state"].get("actor"):
        return LARGEST_OF_STRANGERS
    is_document = scope["path"].startswith(DOCUMENTS_BELOW) and not scope["path"].startswith(LARGE)
    return LARGEST_DOCUMENT if is_document else LARGEST_BODY


def _announced(scope: Scope) -> int:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0


def _too_large(limit: int) -> dict[str, object]:
    return errors.problem(413, errors.CODES[413], _words(limit))


def _words(limit: int) -> str:
    return f"This body is larger than {limit // 1024} KiB."
