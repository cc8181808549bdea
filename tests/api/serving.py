"""Serves the API on a port of its own: the gate, the sign-in pages and the routes, without the
console.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette

from api import application, main, probes
from api.http import server
from core.platform.config import Config
from tests.api.routes import the_api


@contextmanager
def serving(config: Config, api: FastAPI | None = None) -> Iterator[str]:
    """Serve as `config` says, and return the address."""
    served, readiness = api or the_api(), probes.Readiness()
    readiness.is_ready = True
    found = find_spec("streamlit")
    assert found is not None
    assert found.origin is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(main, "create", lambda: served)
        index = Path(found.origin).parent / "static" / "index.html"
        app = application.behind_gate(
            config, readiness, console=Starlette(exception_handlers=main.FAILURES), index=index
        )
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        settings = server.uvicorn_settings(app, config)
        settings.timeout_graceful_shutdown = 1
        serving_ = uvicorn.Server(settings)
        thread = threading.Thread(target=serving_.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not serving_.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        serving_.should_exit = True
        thread.join(5)
