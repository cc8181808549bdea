"""Who imports files."""

import httpx2
import pytest

from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.factories.identity import person


@pytest.fixture
def me(client: Client) -> httpx2.Client:
    return client(person(Role.ADMIN))
