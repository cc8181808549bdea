"""Settings of production scoring that are changed while a run ends stay as they were changed."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from core.database import settings
from core.database.db import transaction
from core.identity.schemas import Role
from core.platform import clock
from core.scoring import jobs
from core.scoring.settings import ProductionScoring, ProductionScoringState, change
from tests.factories.identity import person

WAITING = text("select count(*) from pg_locks where not granted")


def scoring(word: str) -> ProductionScoring:
    scorer = {"kind": "contains", "name": word, "values": [word]}
    return ProductionScoring.model_validate({"is_active": True, "scorers": [scorer]})


@pytest.mark.usefixtures("database")
def test_a_run_that_ends_keeps_the_account_and_time_of_a_change() -> None:
    # It stored the whole state as it had read it
    with transaction() as core:
        change(core, scoring("sorry"), actor=person(Role.ADMIN).actor)
    one, changed_at = person(Role.ADMIN), clock.now()
    with ThreadPoolExecutor(1) as pool:
        with transaction() as core:
            change(core, scoring("refund"), actor=one.actor)
            run = pool.submit(jobs.score_production, 0)
            while not core.scalar(WAITING) and not run.done():
                time.sleep(0.01)
        run.result(timeout=30)
    with transaction() as core:
        state = settings.read(core, ProductionScoringState)
    assert state.account_id == one.actor.id
    assert state.since is not None
    assert state.since >= changed_at
