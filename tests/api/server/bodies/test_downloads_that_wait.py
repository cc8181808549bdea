"""Downloads that wait for a query slot keep nobody else waiting."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from api import exports
from core.database.connections.query_slots import QuerySlots
from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.factories.evaluations import started
from tests.factories.identity import person
from tests.faults.program import until

MANY = 45  # more than the threads that answer


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_others_go_on_while_one_account_downloads_many_evaluations(
    client: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender, someone = person(Role.ADMIN), client(person(Role.ADMIN))
    mine, evaluation_id = client(sender), started(sender.actor)
    address = f"/evaluation/{evaluation_id}/export?format={name}"
    # The client builds the reference once, before many wait for it
    assert someone.get("/templates").status_code == 200
    slots, begun = QuerySlots(1, 1), count()
    monkeypatch.setattr(exports, "slots", slots)

    def download() -> int:
        with mine.stream("GET", address, timeout=60) as response:
            next(begun)
            response.read()
            return response.status_code

    with ThreadPoolExecutor(MANY) as pool:
        with slots.taken("another"):
            sent = [pool.submit(download) for _ in range(MANY)]
            until(lambda: repr(begun) == f"count({MANY})", 30)
            assert someone.get("/templates", timeout=20).status_code == 200
        assert {each.result(60) for each in sent} == {200}
