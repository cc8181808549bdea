"""Tables that an import has filled have statistics, so that what comes next, its undo above all, is planned by them."""

import json
from uuid import UUID

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.identity.schemas import Role
from core.imports import flows
from core.imports.storing import planner
from core.imports.undoing import undo
from tests.api.conftest import Client
from tests.factories.identity import person

MESSAGES = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day"}]
ROWS = "select relname, reltuples from pg_class where relname in ('messages', 'conversations', 'import_traces')"


def known_rows() -> dict[str, float]:
    with transaction() as session:
        return {name: rows for name, rows in session.execute(text(ROWS))}


@pytest.mark.parametrize("is_whole", [True, False])
def test_an_import_leaves_statistics_of_what_it_filled(
    client: Client, monkeypatch: pytest.MonkeyPatch, *, is_whole: bool
) -> None:
    """Also one that was stopped: then its undo collects them before it begins."""
    me = client(person(Role.ADMIN))
    lines = "\n".join(json.dumps({"id": f"c{number}", "messages": MESSAGES}) for number in range(20))
    id_ = me.post("/imports", params={"name": "chats.jsonl"}, content=lines).json()["id"]
    me.post(f"/imports/{id_}/start")
    if is_whole:
        flows.work(UUID(id_), may_go_on=lambda: True)
    else:
        with monkeypatch.context() as patch:
            patch.setattr(planner, "analyze", lambda _row: None)
            flows.work(UUID(id_), may_go_on=lambda: True)
        me.post(f"/imports/{id_}/undo")
        monkeypatch.setattr(undo, "undo", lambda *_: None)
        flows.work(UUID(id_), may_go_on=lambda: True)
    assert known_rows() == {"messages": 40, "conversations": 20, "import_traces": 20}
