"""Serves the API on a port of its own: the gate, the sign-in pages and the routes, without the console beside them."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette

from api import main, probes
from api.routes import sign_in
from core.config import Config


@contextmanager
def serving(config: Config, api: FastAPI | None = None) -> Iterator[str]:
    """Serve as `config` says, and return the address."""
    readiness = probes.Readiness()
    readiness.is_ready = True
    app = Starlette(
        routes=[*probes.routes(readiness), *sign_in.routes(config), *main.mounts(api or main.create())],
        middleware=main.middleware(config, policy="default-src 'self'"),
        exception_handlers=main.FAILURES,
    )
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                lifespan="off",
                ws="websockets-sansio",
                ws_per_message_deflate=False,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=1,
            )
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(5)
