"""Phases whose names have IDs in them, of which a sender may have any number."""

from datetime import timedelta

import pytest

from core.batches.queries.phases import phases
from core.batches.views import BatchRunQuery
from core.database.db import transaction
from core.identity.schemas import Role
from core.presentation.periods import Period
from tests.factories.ai_metrics import START
from tests.factories.batches import ran
from tests.factories.identity import person

DAY = timedelta(days=1)


@pytest.mark.usefixtures("database")
def test_the_phases_of_most_runs_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.batches.queries.phases.MOST_PHASES", 3)
    ran(START - DAY, phase_durations={"load": 70, "user 1": 1})
    for number in range(2):
        ids = {f"user {number} {each}": 5 for each in range(10)}
        ran(START + number * DAY, phase_durations=ids | {"load": 90, "save": 30})
    actor = person(Role.ADMIN).actor
    with transaction() as session:
        load, save, other = phases(
            session, BatchRunQuery(Period(START, START + 2 * DAY)), actor=actor
        )
    assert (load.phase, load.runs, load.previous.p50_ms) == ("load", 2, 70)
    assert [day.p50_ms for day in load.trend] == [90, 90]
    assert (save.phase, save.runs) == ("save", 2)
    assert (other.phase, other.runs, len(other.trend)) == ("user 0 0", 1, 1)
