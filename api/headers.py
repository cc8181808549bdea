"""Security headers: pages load nothing from elsewhere and are framed nowhere."""

import base64
import hashlib
import re
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The console and its files say themselves how long they may be kept; what we answer is for now and for one.
CACHEABLE = ("/static/", "/app/static/", "/door/", "/_stcore/", "/media/", "/component/")
NO_STORE = (b"cache-control", b"no-store")
# What has its version in its name never changes. Streamlit says so of its own files, and not of ours.
LASTING = re.compile(r"/app/static/.+-\d+\.\d+\.\d+\.min\.js")
FOR_GOOD = (b"cache-control", b"public, immutable, max-age=31536000")
INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def content_policy(index: str) -> str:
    """Return the policy under which the console's page works; its inline scripts are allowed by their hashes."""
    hashes = " ".join(_hash(script) for script in INLINE_SCRIPT.findall(index))
    return (
        "default-src 'self'; "
        f"script-src 'self' 'wasm-unsafe-eval' blob: {hashes}; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
        "worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"
    )


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _keeping(path: str, status: int) -> list[tuple[bytes, bytes]]:
    """Return the header that says how long an answer may be kept, where it does not say it itself."""
    if LASTING.fullmatch(path) and status == HTTPStatus.OK:
        return [FOR_GOOD]
    return [] if path.startswith(CACHEABLE) else [NO_STORE]


class SecurityHeaders:
    """Adds them to every response."""

    def __init__(self, app: ASGIApp, *, policy: str, behind_tls: bool) -> None:
        """Prepare what is the same for every response."""
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
        """Pass the request on and add the headers to its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self.fixed, *_keeping(scope["path"], message["status"])]
            await send(message)

        await self.app(scope, receive, with_headers)
