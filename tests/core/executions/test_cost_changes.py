"""The calls whose cost changes are read in parts, of which no call is left out or comes twice."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.database.db import transaction
from core.executions import cost_changes
from core.executions.models import Execution
from core.identity.schemas import Role
from core.platform import clock
from tests.factories.executions import executed
from tests.factories.identity import person
from tests.factories.requests import price


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize("at_once", [1, 2, 3, 4])
def test_calls_of_one_moment_are_examined_once_in_any_parts(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Parts go on after a time, which several calls may share
    one, moment = person(), clock.now()
    for _ in range(3):
        executed(one.actor)
    with transaction() as session:
        session.execute(update(Execution).values(created_at=moment))
    price(person(Role.ADMIN).actor, "echo", moment, provider="fake")
    monkeypatch.setattr(cost_changes, "READ_AT_ONCE", at_once)
    found = cost_changes.list_changes(moment, moment + timedelta(seconds=1), None)
    assert found.examined == 3
    assert len({change.call.id for change in found.changed}) == len(found.changed) == 3
