"""A health check waits for few of the requests that hundreds of connections have ready."""

import asyncio
from collections.abc import Iterator
from statistics import median

import pytest

from api.http import protocols
from core.platform.config import config
from tests.api.flooding import CONNECTIONS, flooded
from tests.api.raw import raw
from tests.api.serving import serving

CHECKS = 11


@pytest.fixture
def many(runner: object) -> Iterator[str]:
    """Return the address of a server that takes many connections of one address."""
    limits = {"connection_limit": 1000, "connection_limit_per_address": 500}
    with serving(config().model_copy(update=limits)) as address:
        yield address


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many requests ended while each health check was connected."""
    found: list[int] = []
    ended, begun = 0, dict[protocols.Http, int]()
    connected, answered = protocols.Http.connection_made, protocols.Http.on_response_complete

    def connection_made(self: protocols.Http, transport: asyncio.Transport) -> None:
        begun[self] = ended
        connected(self, transport)

    def on_response_complete(self: protocols.Http) -> None:
        nonlocal ended
        ended += 1
        if self.url == b"/healthz":
            found.append(ended - begun[self])
        answered(self)

    monkeypatch.setattr(protocols.Http, "connection_made", connection_made)
    monkeypatch.setattr(protocols.Http, "on_response_complete", on_response_complete)
    return found


def test_health_is_answered_before_what_hundreds_of_connections_have_ready(
    waits: list[int], many: str
) -> None:
    with flooded(many):
        for _ in range(CHECKS):
            assert raw(many, "/healthz").status == 200
    # A check whose client was slow to send saw more of them end
    assert median(waits) < CONNECTIONS / 4, waits
