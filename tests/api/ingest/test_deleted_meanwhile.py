"""Rows that retention or an undo deletes while a program sends them again are stored anew."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from core.database.db import transaction
from core.database.staging import driver
from core.embedded.postgres import Postgres
from core.platform import clock
from tests.api.conftest import caller
from tests.factories.keys import api_key, bearing

NOW = clock.now().isoformat()
RUN = {"batch_run_id": "r", "started_at": NOW, "status": "running"}
# Between the statement that inserts and the one that locks, once: a sequence knows no rollback
DELETING = """
create sequence deletions;
create function delete_once() returns trigger language plpgsql as $$ begin
    if nextval('deletions') = 1 then execute format('delete from %I', tg_table_name); end if;
    return null;
end $$"""
GONE = "drop function delete_once cascade; drop sequence deletions"


@pytest.fixture
def program(address: str, database: Postgres) -> Iterator[httpx2.Client]:
    with caller(f"{address}/api/v1/ingest", bearing(api_key())) as client:
        yield client


def run(statements: str) -> None:
    with transaction() as session:
        driver(session).execute(statements.encode())


@pytest.mark.parametrize(
    ("kind", "table", "row"),
    [
        ("conversations", "conversations", {"id": "c", "title": "Help"}),
        ("users", "users", {"id": "u", "email": "u@example.com"}),
        ("batch-runs", "batch_run_history", RUN),
    ],
)
def test_a_row_that_is_deleted_before_it_is_locked_is_tried_again(
    program: httpx2.Client, kind: str, table: str, row: dict[str, Any]
) -> None:
    # Senders of spans do not retry after a 500
    assert program.post(f"/{kind}", json=row).status_code == 202
    run(DELETING)
    try:
        run(
            f"create trigger deleting after insert on {table} for each statement "
            "execute function delete_once()"
        )
        again = program.post(f"/{kind}", json=row)
    finally:
        run(GONE)
    assert (again.status_code, again.json()["rejected"]) == (202, [])
