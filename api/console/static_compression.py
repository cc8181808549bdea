"""Compress the console's page, scripts and styles: Streamlit sends megabytes uncompressed."""

import threading
import zlib
from functools import cache
from pathlib import Path

import brotli
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.console import best_compression
from api.console.frontend import Frontend

MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2"}
# Brotli's level 9 takes a second for all files of a first visit.
BROTLI_QUALITY, GZIP_LEVEL = 9, 9
FOR_GOOD = {"Cache-Control": "public, immutable, max-age=31536000"}
NOT_THE_PAGE = ("/_stcore/", "/app/", "/component/", "/media/", "/static/")


class CompressedConsole:
    """Compresses the console's page, scripts and styles; other requests go to Streamlit."""

    def __init__(self, console: ASGIApp, frontend: Frontend) -> None:
        self.console, self.frontend = console, frontend
        self._smallest_bundle: bytes | None = None  # until it is ready
        # A fixed list, so that no request path is used as a file path. Each path contains a hash of
        # the content.
        self._files: dict[str, Path | bytes] = frontend.own | {
            f"/{path.relative_to(frontend.folder).as_posix()}": path
            for path in (frontend.folder / "static").rglob("*")
            if path.suffix in (".js", ".css")
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            threading.Thread(
                target=self._compress_ahead, name="compress ahead", daemon=True
            ).start()
        is_read = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        if is_read and (scope["path"] in self._files or scope["path"] == self.frontend.bundle_path):
            await (await run_in_threadpool(self._file, scope))(scope, receive, send)
        elif is_read and not scope["path"].startswith(NOT_THE_PAGE):
            await self._page(scope, receive, send)
        else:
            await self.console(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let Streamlit handle the path; when it returns its page, send Attune's instead."""
        page: Response | None = None

        async def replacing(message: Message) -> None:
            nonlocal page
            if message["type"] == "http.response.start" and _is_page(message):
                cookies = Headers(scope=scope).get("cookie", "")
                page = _answer(
                    scope,
                    self.frontend.index_for(cookies),
                    "text/html",
                    {"Cache-Control": "no-cache"},
                )
            if page is None:
                await send(message)

        await self.console(scope, receive, replacing)
        if page is not None:
            await page(scope, receive, send)

    def _file(self, scope: Scope) -> Response:
        if scope["path"] == self.frontend.bundle_path:
            bundle = self.frontend.bundle
            return _answer(scope, bundle, "application/jsonl", FOR_GOOD, self._smallest_bundle)
        path = scope["path"]
        return _answer(scope, self._files[path], MEDIA_TYPES[Path(path).suffix], FOR_GOOD)

    def _compress_ahead(self) -> None:
        """Compress the files of a first visit in advance."""
        style = self.frontend.own[self.frontend.style_path]
        for content in (self.frontend.bundle, self.frontend.index, style):
            for encoding in ("br", "gzip"):
                _compressed(content, encoding)
        best_compression.yield_to_requests()
        self._smallest_bundle = best_compression.read_or_compress(self.frontend.bundle)


def _is_page(start: Message) -> bool:
    return start["status"] == 200 and Headers(raw=start["headers"]).get(
        "content-type", ""
    ).startswith("text/html")


def _answer(
    scope: Scope,
    content: Path | bytes,
    media_type: str,
    headers: dict[str, str],
    brotli_body: bytes | None = None,
) -> Response:
    encoding = _encoding(Headers(scope=scope).get("accept-encoding", ""))
    headers = (
        headers | {"Vary": "Accept-Encoding"} | ({"Content-Encoding": encoding} if encoding else {})
    )
    body = (brotli_body if encoding == "br" else None) or _compressed(content, encoding)
    return Response(body, headers=headers, media_type=media_type)


def _encoding(accepted: str) -> str | None:
    """Return the best encoding that a client accepts, or None."""
    weighted = (each.partition(";") for each in accepted.split(","))
    names = {
        name.strip().lower()
        for name, _, weight in weighted
        if weight.replace(" ", "") not in ("q=0", "q=0.0")
    }
    return next((encoding for encoding in ("br", "gzip") if encoding in names), None)


@cache  # a fixed list of files: 23 MB uncompressed, 6 compressed
def _compressed(content: Path | bytes, encoding: str | None) -> bytes:
    data = content.read_bytes() if isinstance(content, Path) else content
    match encoding:
        case "br":
            return bytes(brotli.compress(data, quality=BROTLI_QUALITY))
        case "gzip":
            return zlib.compress(data, GZIP_LEVEL, zlib.MAX_WBITS | 16)
    return data
