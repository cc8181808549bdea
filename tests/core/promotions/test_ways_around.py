"""Every way around a gate needs a reason, which is kept in the history and in the audit log."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from core.database.db import transaction
from core.identity.schemas import Actor
from core.promotions import queries, service
from core.promotions.errors import GateHolds, GateMissing, ReasonMissing
from core.prompts.queries.labels import list_moves
from tests.factories import promotions
from tests.factories.identity import person
from tests.factories.promotions import REASON, back, gate, move
from tests.factories.prompts import create, label, read, save


@pytest.fixture
def actor(database: object) -> Actor:
    return person().actor


@pytest.fixture
def gated(actor: Actor) -> UUID:
    """Return a prompt that went from version 1 to 2, and then got a gate."""
    made = create(actor, prompt="one")
    save(actor, made.id, prompt="two")
    for version in (1, 2):
        label(actor, made.id, version)
    gate(actor, made.id, promotions.shared_dataset(actor))
    return made.id


def audited(action: str) -> dict[str, Any]:
    """Return the newest audit row of an action, its parts in one."""
    rows = text("select targets, after from audit_log where action = :action order by id desc")
    with transaction() as session:
        row = session.execute(rows, {"action": action}).first()
    assert row is not None
    return {**row.targets, **(row.after or {})}


def test_a_move_past_the_gate_keeps_its_reason(actor: Actor, gated: UUID) -> None:
    save(actor, gated, prompt="three")
    move(actor, gated, 3, reason=REASON)
    with transaction() as session:
        newest = list_moves(session, gated)[0]
    assert (newest.to_version, newest.reason, newest.evaluation_id) == (3, REASON, None)
    assert audited("prompt.label.move")["reason"] == REASON


def test_a_rollback_needs_a_reason_and_no_evaluation(actor: Actor, gated: UUID) -> None:
    with pytest.raises(ReasonMissing):
        back(actor, gated)
    assert [each.version for each in back(actor, gated, REASON).labels] == [1]
    assert audited("prompt.label.move") | {"reason": REASON, "version": 1} == audited(
        "prompt.label.move"
    )


def test_a_label_without_a_gate_goes_back_without_a_reason(actor: Actor) -> None:
    made = create(actor, "plain", "one")
    save(actor, made.id, prompt="two")
    for version in (1, 2):
        move(actor, made.id, version)
    assert [each.version for each in back(actor, made.id).labels] == [1]


def test_a_gate_holds_the_protection_of_its_label(actor: Actor, gated: UUID) -> None:
    with pytest.raises(GateHolds):
        move(actor, gated, 1, is_protected=False, reason=REASON)


def test_removing_or_changing_a_gate_needs_a_reason(actor: Actor, gated: UUID) -> None:
    other = promotions.shared_dataset(actor, name="other")
    with pytest.raises(ReasonMissing):
        gate(actor, gated, other)
    gate(actor, gated, other, reason=REASON)
    assert audited("prompt.gate.set")["reason"] == REASON
    with transaction() as session, pytest.raises(ReasonMissing):
        service.remove_gate(session, gated, "production", None, actor=actor)
    with transaction() as session:
        service.remove_gate(session, gated, "production", REASON, actor=actor)
    assert audited("prompt.gate.delete")["reason"] == REASON
    assert read(actor, gated).labels[0].is_protected


def test_removing_a_label_removes_its_gate_with_a_reason(actor: Actor, gated: UUID) -> None:
    with transaction() as session, pytest.raises(ReasonMissing):
        service.remove_label(session, gated, "production", None, actor=actor)
    with transaction() as session:
        service.remove_label(session, gated, "production", REASON, actor=actor)
    with transaction() as session:
        assert list_moves(session, gated)[0].reason == REASON
        with pytest.raises(GateMissing):
            queries.get_gate(session, gated, "production", actor=actor)


def test_a_reason_says_something(actor: Actor, gated: UUID) -> None:
    with pytest.raises(ValidationError):
        move(actor, gated, 1, reason="  because   ")


def test_a_move_to_where_the_label_is_asks_for_nothing(actor: Actor, gated: UUID) -> None:
    assert [each.version for each in move(actor, gated, 2).labels] == [2]
