"""What Watch asks of raw rows it asks by values."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import event

from core.database.connections import engines
from core.embedded.postgres import Postgres
from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.api.routes import described
from tests.core.database.test_raw_rows import RAW, offences
from tests.factories.identity import person


@pytest.fixture
def statements(database: Postgres) -> Iterator[list[str]]:
    """Return what is executed from now on."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    engine = engines.current().core
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_no_answer_looks_raw_rows_up_one_by_one(client: Client, statements: list[str]) -> None:
    admin = client(person(Role.SUPER_ADMIN))
    for route in described():
        if route.method == "GET":
            admin.get(f"{route.path}?days=7&release=1")
            admin.get(f"{route.path}?days=7")
    raw = {statement for statement in statements if re.search(RAW, statement)}
    assert len(raw) > 20
    assert not {statement: found for statement in raw if (found := list(offences(statement)))}
