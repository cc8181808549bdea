"""Tables that an import has filled have statistics, so that what comes next, its undo above all, is
planned by them.
"""

import json
from threading import Timer

import httpx2
import pytest
from sqlalchemy import text

from core.database.connections import engines
from core.database.db import transaction
from core.identity.schemas import Role
from core.imports.ingest import planner
from core.imports.models import Import
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


def imported(me: httpx2.Client, chats: int) -> str:
    """Begin an import of so many conversations; return its key."""
    lines = "\n".join(
        json.dumps({"id": f"c{number}", "messages": MESSAGES}) for number in range(chats)
    )
    id_: str = me.post("/imports", params={"name": "chats.jsonl"}, content=lines).json()["id"]
    me.post(f"/imports/{id_}/start")
    return id_


def rows_of(chats: int) -> dict[str, float]:
    return {"messages": 2 * chats, "conversations": chats, "import_traces": chats}


@pytest.mark.parametrize("is_whole", [True, False])
def test_an_import_leaves_statistics_of_what_it_filled(
    client: Client, monkeypatch: pytest.MonkeyPatch, *, is_whole: bool
) -> None:
    """Also one that was stopped: then its undo collects them before it begins."""
    me = client(person(Role.ADMIN))
    # Another number each time: figures of emptied tables may be those of the test before
    chats = 20 if is_whole else 30
    id_ = imported(me, chats)
    if is_whole:
        do_what_is_due(id_)
    else:
        with monkeypatch.context() as patch:
            patch.setattr(planner, "analyze", lambda _row: None)
            do_what_is_due(id_)
        me.post(f"/imports/{id_}/undo")
        monkeypatch.setattr(undo, "undo", lambda *_: None)
        do_what_is_due(id_)
    assert known_rows() == rows_of(chats)


def test_statistics_wait_until_a_vacuum_lets_go_of_the_table(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Passed over, the undo would be planned without them for as long as the vacuum takes."""
    id_, analyze = imported(client(person(Role.ADMIN)), 40), planner.analyze
    with engines.current().core.connect() as vacuum:

        def analyze_meanwhile(row: Import) -> None:
            Timer(0.3, vacuum.rollback).start()
            analyze(row)

        monkeypatch.setattr(planner, "analyze", analyze_meanwhile)
        vacuum.execute(text("lock table messages in share update exclusive mode"))
        do_what_is_due(id_)
    assert known_rows() == rows_of(40)
