"""The fake vendor, and clients that are closed after each test."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from core.network import outbound
from core.platform.config import config
from core.providers import gateway
from tests import fake_vendor
from tests.fake_vendor import Vendor

Configure = Callable[..., None]


@pytest.fixture(scope="session")
def served() -> Iterator[Vendor]:
    """Serve the fake vendor on a loopback port."""
    with fake_vendor.serving() as vendor:
        yield vendor


@pytest.fixture
def vendor(served: Vendor) -> Vendor:
    """Return the fake vendor, which has heard of nothing yet."""
    served.forget()
    return served


@pytest.fixture(autouse=True)
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[httpx2.Client]]:
    """Close every client that a test has made and that keeps connections."""
    made: list[httpx2.Client] = []
    really = outbound.client

    def client(*args: Any, **options: Any) -> httpx2.Client:  # noqa: ANN401  as the door has them
        one = really(*args, **options)
        if options.get("keep_alive") != 0:
            made.append(one)
        return one

    gateway.provider.cache_clear()
    monkeypatch.setattr(outbound, "client", client)
    yield made
    gateway.provider.cache_clear()
    for one in made:
        one.close()


@pytest.fixture
def configure(settings: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Return how to change the configuration for a test."""
    with pytest.MonkeyPatch.context() as patch:

        def change(**environment: str) -> None:
            for name, value in environment.items():
                patch.setenv(name, value)
            config.cache_clear()

        yield change
    config.cache_clear()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Return a port of this machine where nobody listens."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]
