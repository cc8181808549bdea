"""An analyst of the Watch pages, and answers as JSON and as CSV."""

import csv
import io
from typing import Any

import httpx2
import pytest

from core.identity.schemas import Role
from core.platform import clock
from tests.api.conftest import Client
from tests.factories.identity import person

NOW = clock.now().replace(hour=0, minute=5, second=0, microsecond=0)


@pytest.fixture
def analyst(client: Client) -> httpx2.Client:
    """Return somebody who may look at figures."""
    return client(person(Role.ANALYST))


def got(client: httpx2.Client, path: str, **query: Any) -> Any:  # noqa: ANN401  any JSON
    """Return what the API answers."""
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def rows_of(client: httpx2.Client, path: str, **query: Any) -> list[dict[str, str]]:  # noqa: ANN401
    """Return the rows of the file of the same question."""
    answer = client.get(path, params={"format": "csv", **query})
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))
