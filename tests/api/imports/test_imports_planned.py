"""Tables that an import has filled have statistics, so that what comes next, its undo above all, is
planned by them.
"""

import json

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.identity.schemas import Role
from core.imports.ingest import planner
from core.imports.service.undo import undo
from tests.api.conftest import Client
from tests.api.imports.calls import do_what_is_due
from tests.factories.identity import person

MESSAGES = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day"}]
ROWS = (
    "select relname, reltuples from pg_class where relname in ('messages', 'conversations', "
    "'import_traces')"
)


def known_rows() -> dict[str, float]:
    with transaction() as session:
        return {name: rows for name, rows in session.execute(text(ROWS))}


@pytest.mark.parametrize("is_whole", [True, False])
def test_an_import_leaves_statistics_of_what_it_filled(
    client: Client, monkeypatch: pytest.MonkeyPatch, *, is_whole: bool
) -> None:
    """Also one that was stopped: then its undo collects them before it begins."""
    me = client(person(Role.ADMIN))
    # Another number each time: figures of emptied tables may be those of the test before
    chats = 20 if is_whole else 30
    lines = "\n".join(
        json.dumps({"id": f"c{number}", "messages": MESSAGES}) for number in range(chats)
    )
    id_ = me.post("/imports", params={"name": "chats.jsonl"}, content=lines).json()["id"]
    me.post(f"/imports/{id_}/start")
    if is_whole:
        do_what_is_due(id_)
    else:
        with monkeypatch.context() as patch:
            patch.setattr(planner, "analyze", lambda _row: None)
            do_what_is_due(id_)
        me.post(f"/imports/{id_}/undo")
        monkeypatch.setattr(undo, "undo", lambda *_: None)
        do_what_is_due(id_)
    assert known_rows() == {
        "messages": 2 * chats,
        "conversations": chats,
        "import_traces": chats,
    }
