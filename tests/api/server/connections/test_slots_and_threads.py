"""Requests that wait for a query slot and requests that wait for a thread don't wait for each
other.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from api import deps
from api.routes.watch import overview
from core.database.connections.query_slots import QuerySlots
from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.factories.identity import person
from tests.faults.program import until


@pytest.fixture
def may_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Keep the read of releases waiting."""
    event = threading.Event()

    def list_releases(*_given: object, **_more: object) -> list[object]:
        assert event.wait(60)
        return []

    monkeypatch.setattr(overview, "list_releases", list_releases)
    yield event
    event.set()


def test_reports_and_lists_of_one_account_all_come_to_their_end(
    client: Client, may_end: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries, threads = QuerySlots(1, 1), QuerySlots(1, 1)
    monkeypatch.setattr(deps, "slots", queries)
    monkeypatch.setattr(deps, "_threads", threads)
    mine = client(person(Role.ADMIN))
    # The client builds the reference once, which takes a while
    assert mine.get("/templates").status_code == 200

    def are_waiting(number: int) -> bool:
        lines = (line for each in (queries, threads) for line in each._waiting.values())  # noqa: SLF001
        return sum(map(len, lines)) == number

    with ThreadPoolExecutor(3) as pool:
        sent = [pool.submit(mine.get, "/admin/releases")]
        until(lambda: bool(queries._running), 20)  # noqa: SLF001
        for number, address in enumerate(("/admin/releases?days=2", "/sessions"), 1):
            sent.append(pool.submit(mine.get, address))
            until(partial(are_waiting, number), 20)
        may_end.set()
        assert [each.result(20).status_code for each in sent] == [200, 200, 200]
