"""Figures say whether retention has deleted rows of the previous period that they are beside."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from core.database import settings
from core.database.db import transaction
from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.factories.identity import person

JULY = {"start": "2026-07-08T00:00:00Z", "end": "2026-07-15T00:00:00Z"}
OF_ROWS = {"user_id": "u-1"}  # rollups have no users
PATHS = ["metrics", "latency", "tokens", "errors", "tools"]


@pytest.fixture
def analyst(client: Client) -> httpx2.Client:
    """Return a client of a workspace whose rows before 3 July have been deleted."""
    until = datetime(2026, 7, 3, tzinfo=UTC)
    with transaction() as session:
        sealed = settings.Sealed(
            ai_request_metrics=until, ai_feedback=until, batch_run_history=until
        )
        settings.write(session, sealed, by=None)
    return client(person(Role.ANALYST))


def get(client: httpx2.Client, path: str, **filters: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/admin/{path}", params=JULY | filters).json()
    return found


@pytest.mark.parametrize("path", PATHS)
def test_figures_of_rows_say_that_the_previous_period_is_not_whole(
    analyst: httpx2.Client, path: str
) -> None:
    assert get(analyst, f"ai/{path}", **OF_ROWS)["is_previous_whole"] is False


@pytest.mark.parametrize("path", PATHS)
def test_the_previous_period_of_rollups_stays_whole(analyst: httpx2.Client, path: str) -> None:
    assert get(analyst, f"ai/{path}")["is_previous_whole"] is True


@pytest.mark.parametrize("path", PATHS)
def test_a_previous_period_after_retention_is_whole(analyst: httpx2.Client, path: str) -> None:
    later = {"start": "2026-07-10T00:00:00Z", "end": "2026-07-17T00:00:00Z"}
    assert get(analyst, f"ai/{path}", **OF_ROWS | later)["is_previous_whole"] is True


def test_the_overview_says_so_of_ratings(analyst: httpx2.Client) -> None:
    assert get(analyst, "overview")["feedback"]["is_previous_whole"] is False


def test_batch_history_says_so_of_runs(analyst: httpx2.Client) -> None:
    assert get(analyst, "batch/history")["summary"]["is_previous_whole"] is False
