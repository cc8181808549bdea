"""Security headers: pages load nothing from other hosts and cannot be framed."""

import base64
import hashlib
import re
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The console and its files set their own caching; all other responses must not be cached.
OWN_CACHING = ("/static/", "/app/static/", "/door/", "/_stcore/", "/media/", "/component/")
NO_STORE = (b"cache-control", b"no-store")
# Files with a version in their name never change. Streamlit marks its own files so, but not ours.
VERSIONED_FILE = re.compile(r"/app/static/.+-\d+\.\d+\.\d+\.min\.js")
CACHE_FOREVER = (b"cache-control", b"public, immutable, max-age=31536000")
INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def content_policy(*pages: bytes) -> str:
    """Return the console's Content-Security-Policy, with the hashes of its inline scripts."""
    # Beside these: bundled_modules.js makes modules of blobs, and Streamlit sets styles inline
    scripts = (script for page in pages for script in INLINE_SCRIPT.findall(page.decode()))
    hashes = " ".join(dict.fromkeys(map(_hash, scripts)))
    return (
        f"default-src 'self'; script-src 'self' 'wasm-unsafe-eval' blob: {hashes}; style-src "
        "'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src "
        "'self'; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'self'; form-action "
        "'self'; object-src 'none'"
    )


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _cache_control(path: str, status: int) -> list[tuple[bytes, bytes]]:
    """Return the Cache-Control header of a response, unless the response sets it."""
    if VERSIONED_FILE.fullmatch(path) and status == HTTPStatus.OK:
        return [CACHE_FOREVER]
    return [] if path.startswith(OWN_CACHING) else [NO_STORE]


class SecurityHeaders:
    """Middleware that adds the security headers to every response."""

    def __init__(self, app: ASGIApp, *, policy: str, behind_tls: bool) -> None:
        self.app = app
        fixed = {
            "content-security-policy": policy,
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        }
        if behind_tls:
            fixed["strict-transport-security"] = "max-age=31536000"
        self.fixed = [(name.encode(), value.encode()) for name, value in fixed.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    *self.fixed,
                    *_cache_control(scope["path"], message["status"]),
                ]
            await send(message)

        await self.app(scope, receive, with_headers)
