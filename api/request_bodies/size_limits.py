"""Limit the size of request bodies while they are read."""

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors
from core.errors import Unavailable
from core.ingest.json_limits import MOST_VALUES, excess
from core.ingest.json_objects import MAX_JSON_DEPTH
from core.services.schemas import CALLBACK_PATH

MAX_BODY_BYTES = 20 * 1024 * 1024
# One JSON object. The routes in LARGE take many rows, files or a whole conversation.
MAX_OBJECT_BYTES = 1024 * 1024
DOCUMENTS_BELOW = "/api/v1/"
COMPLETIONS_BELOW = "/openai/"
DATASET_FILES = "/api/v1/datasets/import"
FOLDER = "/api/v1/admin/ai/knowledge/documents/folder"
LARGE = (
    "/api/v1/ingest/",
    "/api/v1/imports",
    "/api/v1/prompts/execute",
    "/api/v1/templates/import",
    "/api/v1/admin/playground/",
    "/api/v1/sessions/import",
    "/api/v1/evaluation/probabilistic",
    "/api/v1/evaluation/estimate",
    "/api/v1/ab-tests",
    FOLDER,
    DATASET_FILES,
)
MAX_TOTAL_BYTES = 256 * 1024 * 1024
LINES = (b"application/x-ndjson", b"application/ndjson", b"application/jsonl")
LINES_BELOW = "/api/v1/ingest/"
LEVELS_AROUND = 8  # levels of nesting around a JSON object in a body
FILES = "/api/v1/imports"  # written to disk in chunks, with limits of its own
# Without sign-in, only forms can be sent, and callbacks.
MAX_ANONYMOUS_BODY = 64 * 1024
CALLBACKS = (CALLBACK_PATH, CALLBACK_PATH.replace("/v1/", "/"))  # the short one leads to it
MAX_CALLBACK_BYTES = 2 * 1024 * 1024
MAX_TOTAL_CALLBACK_BYTES = 32 * 1024 * 1024  # strangers must not take the room of other requests


class BodyLimit:
    """Middleware behind the gate: limits differ by whether the caller has signed in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.held = 0  # bytes of all bodies of requests in progress
        self.held_callbacks = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reject a body that is too large by its Content-Length or while it is read."""
        if scope["type"] != "http" or _is_streamed(scope):
            await self.app(scope, receive, send)
            return
        limit, is_callback = _limit(scope), scope["path"] in CALLBACKS
        if _content_length(scope) > limit:
            too_large = errors.problem(413, errors.CODES[413], _message(limit))
            await errors.response(too_large)(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += (size := len(message.get("body", b"")))
            self.held += size
            self.held_callbacks += size if is_callback else 0
            if received > limit:
                raise HTTPException(413, _message(limit))
            is_too_much = is_callback and self.held_callbacks > MAX_TOTAL_CALLBACK_BYTES
            if is_too_much or self.held > MAX_TOTAL_BYTES:
                raise Unavailable(
                    "Too many large requests are in progress. Try again in a few seconds."
                )
            return message

        try:
            await self.app(
                scope, _with_value_check(counted) if _is_decoded_at_once(scope) else counted, send
            )
        finally:
            self.held -= received
            self.held_callbacks -= received if is_callback else 0


def _is_streamed(scope: Scope) -> bool:
    """Whether a body may have any size, because its route stores it line by line or in chunks."""
    is_signed_in = scope["state"].get("actor") is not None
    if scope["path"] == FILES and scope["method"] == "POST":
        return is_signed_in
    types = [value for name, value in scope["headers"] if name == b"content-type"]
    is_lines = bool(types) and types[0].split(b";")[0].strip().lower() in LINES
    return is_lines and scope["path"].startswith(LINES_BELOW) and is_signed_in


def _is_decoded_at_once(scope: Scope) -> bool:
    """Whether a body is decoded as a whole; routes of rows and of datasets' files decode parts."""
    path: str = scope["path"]
    is_document = path.startswith((DOCUMENTS_BELOW, COMPLETIONS_BELOW))
    return is_document and not path.startswith((LINES_BELOW, DATASET_FILES))


def _with_value_check(receive: Receive) -> Receive:
    """Return a `receive` that returns the whole body, after checking the number of its values."""
    is_read = False

    async def receive_whole() -> Message:
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

    return receive_whole


async def _check_values(body: bytes) -> None:
    if len(body) <= MOST_VALUES:  # too short to have too many
        return
    violation = await run_in_threadpool(excess, body, deepest=MAX_JSON_DEPTH + LEVELS_AROUND)
    if violation is not None:
        raise HTTPException(
            422,
            f"This body is {violation}."
            if "nested" in violation
            else f"This body has {violation}.",
        )


def _limit(scope: Scope) -> int:
    if scope["path"] in CALLBACKS:
        return MAX_CALLBACK_BYTES
    if not scope["state"].get("actor"):
        return MAX_ANONYMOUS_BODY
    is_document = scope["path"].startswith(DOCUMENTS_BELOW) and not scope["path"].startswith(LARGE)
    return MAX_OBJECT_BYTES if is_document else MAX_BODY_BYTES


def _content_length(scope: Scope) -> int:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    # What is no number is no announcement: bytes are counted while they are read
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0


def _message(limit: int) -> str:
    return f"This body is larger than {limit // 1024} KiB."
