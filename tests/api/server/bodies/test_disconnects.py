"""A client that disconnects in the middle of its body causes no error."""

import logging
from importlib.util import find_spec
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.types import Message, Scope

from api import application, main, probes
from core.embedded.postgres import Postgres
from core.platform.config import config
from tests import loops

FORM = b"application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("path", "kind"), [("/login", FORM), ("/api/v1/admin/auth/login", b"application/json")]
)
def test_a_client_that_leaves_in_the_middle_of_a_body_is_not_logged_as_an_error(
    database: Postgres, caplog: pytest.LogCaptureFixture, path: str, kind: bytes
) -> None:
    found = find_spec("streamlit")
    assert found is not None
    index = Path(found.origin or "").parent / "static" / "index.html"
    app = application.behind_gate(
        config(),
        probes.Readiness(),
        console=Starlette(exception_handlers=main.FAILURES),
        index=index,
    )
    coming: list[Message] = [
        {"type": "http.request", "body": b"email=a", "more_body": True},
        {"type": "http.disconnect"},
    ]
    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", kind)],
    }

    async def receive() -> Message:
        return coming.pop(0)

    async def send(_message: Message) -> None:
        pass

    async def call() -> None:
        await app(scope, receive, send)

    with caplog.at_level(logging.WARNING):
        loops.run(call())
    assert coming == []
    assert caplog.records == []
