"""Audit rows of `ai` are copied to `core` once, with unchanged values."""

import pytest
from sqlalchemy import select

from core.database.db import Database, transaction
from core.database.tables import AiAudit, CoreAudit
from core.identity import jobs
from core.identity.service import audit
from core.jobs import outbox
from tests.factories.identity import CALLER, person

pytestmark = pytest.mark.usefixtures("database")


def noted(*names: str) -> None:
    with transaction(Database.AI) as ai:
        for name in names:
            audit.record(
                ai,
                "test.deed",
                person().actor,
                targets={"name": name},
                after={"secret": "x"},
                database=Database.AI,
            )


def read() -> list[CoreAudit]:
    with transaction() as core:
        return list(
            core.scalars(
                select(CoreAudit).where(CoreAudit.action == "test.deed").order_by(CoreAudit.id)
            )
        )


def test_relayed_audit_rows_are_complete_and_in_order() -> None:
    noted("one", "two")
    outbox.relay(Database.AI)
    with transaction(Database.AI) as ai:
        first = ai.scalars(select(AiAudit).order_by(AiAudit.id)).first()
    assert first is not None
    rows = read()
    assert [row.targets["name"] for row in rows] == ["one", "two"]
    assert (rows[0].occurred_at, rows[0].actor_id, rows[0].after) == (
        first.occurred_at,
        first.actor_id,
        {"secret": "•••"},
    )
    assert (rows[0].before, rows[0].outcome) == (None, "ok")


def test_a_row_relayed_twice_is_stored_once() -> None:
    noted("one")
    with transaction(Database.AI) as ai:
        ids = list(ai.scalars(select(AiAudit.id)))
    audit.relay(ids)
    audit.relay(ids)
    outbox.relay(Database.AI)
    assert len(read()) == 1


def test_an_audit_row_of_ai_is_rolled_back_with_its_change() -> None:
    def fails() -> None:
        with transaction(Database.AI) as ai:
            audit.record(ai, "test.deed", CALLER, database=Database.AI)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fails()
    outbox.relay(Database.AI)
    assert read() == []


def test_rows_deleted_meanwhile_do_not_stop_the_relay() -> None:
    jobs.relay({"ids": [10**12]})
    assert read() == []
