"""The API on a real port, and the whole web process with the console as a process of its own."""

import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from core.activity.ingest import pending_events
from core.embedded.postgres import Postgres
from core.executions.runner import Runner
from core.platform.config import ROOT, config
from tests.api.routes import description, expect_documented
from tests.api.serving import serving
from tests.conftest import SECRET
from tests.factories.identity import Person
from tests.ports import free_port

Client = Callable[..., httpx2.Client]
# Else each client reads all the certificates of the world
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def caller(address: str, headers: Mapping[str, str] | None = None) -> httpx2.Client:
    """Return a client of an address."""
    return httpx2.Client(
        base_url=address,
        headers=headers,
        timeout=60,
        trust_env=False,
        verify=NO_TLS,
        event_hooks={"response": [_derive_as_the_worker_does]},
    )


def _derive_as_the_worker_does(response: httpx2.Response) -> None:
    sent_to = response.request.url.path
    if "/ingest/" in sent_to or "/otlp/" in sent_to:
        pending_events.derive_all()


def ask(
    method: str, address: str, headers: Mapping[str, str] | None = None, **form: str
) -> httpx2.Response:
    """Send one request without credentials."""
    with caller("", headers) as client:
        return client.request(method, address, data=form or None)


@pytest.fixture(scope="session")
def address(cluster: Postgres) -> Iterator[str]:
    """Serve the API and return its address."""
    description()  # takes seconds: the first stream that a test reads would wait for it
    with serving(config()) as served:
        yield served


@pytest.fixture(scope="session")
def whole(cluster: Postgres, data: Path) -> Iterator[str]:
    """Serve the console and the API, and return the address."""
    with another_process(data) as served:
        yield served


@contextmanager
def another_process(data: Path, **settings: str) -> Iterator[str]:
    """Serve the console and the API by a process of its own on the same database."""
    given = {
        "DATA": str(data),
        "ATTUNE_SECRET_KEY": SECRET,
        "PORT": str(free_port()),
        "ATTUNE_LOG": "json",
        "ATTUNE_DEMO": "0",
    }
    limits = {
        name: os.environ[name]
        for name in ("RATE_LIMIT_STANDARD", "RATE_LIMIT_STREAMING", "ATTUNE_FAKE_PROVIDER")
    }
    plain = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ
    }
    path = data / "logs" / f"{given['PORT']}.log"
    with path.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.api.whole"],
            cwd=ROOT,
            env={**plain, **given, **limits, **settings},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    with process, process.stdout:
        port = process.stdout.readline().strip()
        assert port, path.read_text()
        while "ready" not in process.stdout.readline():
            pass
        yield f"http://127.0.0.1:{port}"
        process.terminate()


@pytest.fixture
def client(address: str, runner: Runner) -> Iterator[Client]:
    """Return how to make a client: nobody's, or a signed-in person's."""
    opened: list[httpx2.Client] = []

    def make(person: Person | None = None, *, prefix: str = "/api/v1") -> httpx2.Client:
        opened.append(caller(address + prefix, person.headers if person else {}))
        opened[-1].event_hooks["response"].append(expect_documented)
        return opened[-1]

    yield make
    for one in opened:
        one.close()
