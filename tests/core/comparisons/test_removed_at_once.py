"""A comparison that is removed while it is kept or removed."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from core.comparisons import queries
from core.comparisons.errors import ComparisonMissing
from core.comparisons.service import comparisons
from core.database.db import transaction
from core.executions.runner import Runner
from core.identity.schemas import Actor
from core.playground import queries as playground
from tests.factories.comparisons import begun
from tests.factories.identity import person

WAIT_S, LONGEST_S = 0.5, 10


@pytest.fixture
def actor(runner: Runner) -> Actor:
    return person().actor


def remove(comparison_id: UUID, actor: Actor) -> None:
    with transaction() as session:
        comparisons.remove(session, comparison_id, actor=actor)


def test_the_second_removal_waits_and_finds_it_missing(actor: Actor) -> None:
    # Both removed it; the second deleted no row, which SQLAlchemy warned of
    comparison_id = begun(actor).id
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            comparisons.remove(session, comparison_id, actor=actor)
            session.flush()
            second = pool.submit(remove, comparison_id, actor)
            with pytest.raises(TimeoutError):
                second.result(timeout=WAIT_S)
        with pytest.raises(ComparisonMissing):
            second.result(timeout=LONGEST_S)


def test_a_column_that_is_being_kept_outlives_the_removal(actor: Actor) -> None:
    # The removal held the session that `keep` waited for, and waited for its comparison
    comparison_id = begun(actor).id
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            queries.get_row(session, comparison_id, owner=actor.id, lock=True)
            removal = pool.submit(remove, comparison_id, actor)
            with pytest.raises(TimeoutError):
                removal.result(timeout=WAIT_S)
            kept = comparisons.keep(session, comparison_id, 1, actor=actor)
        removal.result(timeout=LONGEST_S)
    with transaction() as session:
        assert playground.get_row(session, kept, owner=actor.id).deleted_at is None
