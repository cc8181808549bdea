"""Rows of the audit log: actor, origin, target, and never a secret."""

import pytest
from sqlalchemy import select

from core.database.db import transaction
from core.database.tables import CoreAudit
from core.identity.schemas import Caller
from core.identity.service import audit
from tests.factories.identity import CALLER, person

pytestmark = pytest.mark.usefixtures("database")


def recorded(**given: object) -> CoreAudit:
    with transaction() as session:
        audit.record(session, "test.deed", CALLER, **given)  # type: ignore[arg-type]  # passed on
        return (
            session.scalars(select(CoreAudit).order_by(CoreAudit.id.desc())).first() or CoreAudit()
        )


@pytest.mark.parametrize("field", ["password", "password_hash", "secret", "token", "key"])
def test_a_secret_is_masked_in_every_part(field: str) -> None:
    row = recorded(targets={field: "x"}, before={field: "y", "name": "n"}, after={field: "z"})
    assert (row.targets, row.before, row.after) == (
        {field: "•••"},
        {field: "•••", "name": "n"},
        {field: "•••"},
    )


def test_a_masked_secret_differs_from_none() -> None:
    assert recorded(before={"secret": None}, after={"secret": "x"}).before == {"secret": None}


def test_an_audit_row_is_rolled_back_with_its_change() -> None:
    def fails() -> None:
        with transaction() as session:
            audit.record(session, "test.deed", CALLER)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fails()
    with transaction() as session:
        assert session.query(CoreAudit).count() == 0


def test_an_account_a_visitor_and_attune_itself_are_told_apart() -> None:
    one = person()
    with transaction() as session:
        for by in (one.actor, CALLER, None):
            audit.record(session, "test.deed", by)
        rows = session.scalars(
            select(CoreAudit).where(CoreAudit.action == "test.deed").order_by(CoreAudit.id)
        ).all()
    assert [(row.actor_type, row.actor_id, row.actor_name) for row in rows] == [
        ("account", one.actor.id, one.actor.email),
        ("visitor", None, None),
        ("system", None, None),
    ]
    assert [row.ip_address for row in rows] == [CALLER.ip_address, CALLER.ip_address, None]


def test_any_user_agent_can_be_stored() -> None:
    with transaction() as session:
        audit.record(session, "test.deed", Caller("127.0.0.1", "x" * 10_000, "request"))
        row = session.scalars(select(CoreAudit)).one()
    assert row.user_agent == "x" * 400


def test_a_target_that_postgres_rejects_is_cleaned() -> None:
    assert recorded(targets={"email": "a\0b\ud800"}).targets == {"email": "ab?"}
