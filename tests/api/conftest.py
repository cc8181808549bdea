"""The API as it is served: the gate, the headers and the routes on a real port, without the console beside them."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware

from api import errors, main, probes
from api.gate import Gate
from api.headers import SecurityHeaders
from api.routes import sign_in
from core.config import config
from core.embedded.postgres import Postgres
from core.errors import Failure
from core.executions.runner import Runner
from tests.factories.identity import Person

Client = Callable[..., httpx2.Client]


@pytest.fixture(scope="session")
def address(cluster: Postgres) -> Iterator[str]:
    """Serve the API and return its address."""
    readiness = probes.Readiness()
    readiness.is_ready = True
    app = Starlette(
        routes=[*probes.routes(readiness), *sign_in.routes(config()), *main.mounts(main.create())],
        middleware=[
            Middleware(SecurityHeaders, policy="default-src 'self'", behind_tls=False),
            Middleware(Gate, config=config()),
        ],
        exception_handlers={Failure: errors.failure},
    )
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", ws="websockets-sansio", log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(5)


@pytest.fixture
def client(address: str, runner: Runner) -> Iterator[Client]:
    """Return how to make a client: nobody's, or a signed-in person's."""
    opened: list[httpx2.Client] = []

    def make(person: Person | None = None, *, prefix: str = "/api/v1") -> httpx2.Client:
        headers = person.headers if person else {}
        opened.append(httpx2.Client(base_url=address + prefix, headers=headers, timeout=20, trust_env=False))
        return opened[-1]

    yield make
    for one in opened:
        one.close()
