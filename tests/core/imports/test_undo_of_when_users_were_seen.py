"""The undo of an import takes back when it saw users whom a row without a time had described."""

from datetime import datetime

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.imports.service.undo.undo import undo
from core.platform.ids import new_id
from tests.factories.imports import row, send

pytestmark = pytest.mark.usefixtures("database")

BEFORE, AFTER = "2026-03-01T09:00:00Z", "2026-03-05T09:00:00Z"


def ada(kind: str, at: str) -> dict[str, object]:
    return row(kind, 0) | {"user_id": "ada", "created_at": at}


def seen() -> tuple[datetime, ...]:
    with transaction() as session:
        return tuple(session.execute(text("select first_seen_at, last_seen_at from users")).one())


def test_a_described_user_was_not_seen_once_the_only_import_with_its_rows_is_undone() -> None:
    import_id, then = new_id(), datetime.fromisoformat(BEFORE)
    send("user", {"id": "ada"})
    described = seen()
    send("event", ada("event", AFTER), import_id=import_id)
    undo(import_id)
    assert seen() == described
    send("event", ada("event", BEFORE))
    assert seen() == (then, then)


def test_a_described_user_is_seen_by_a_program_alone_once_an_import_is_undone() -> None:
    import_id, then = new_id(), datetime.fromisoformat(BEFORE)
    send("user", {"id": "ada"})
    send("event", ada("event", AFTER), import_id=import_id)
    send("event", ada("event", BEFORE))
    undo(import_id)
    assert seen() == (then, then)
