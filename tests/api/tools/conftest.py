"""An admin, and MCP servers on this machine."""

from collections.abc import Iterator

import httpx2
import pytest

from core.identity.schemas import Role
from core.platform.config import config
from tests.api.conftest import Client
from tests.factories.identity import person


@pytest.fixture
def boss(client: Client) -> httpx2.Client:
    return client(person(Role.ADMIN))


@pytest.fixture
def allowed(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ATTUNE_ALLOW_HOSTS", "127.0.0.1")
    config.cache_clear()
    yield
    monkeypatch.undo()
    config.cache_clear()
