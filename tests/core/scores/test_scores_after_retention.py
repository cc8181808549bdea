"""Scores are not compared with a period of which retention has deleted some."""

import pytest

from core.database import settings
from core.database.db import transaction
from core.database.settings import Retention
from core.identity.schemas import Role
from core.presentation.periods import Watched, last_days
from core.scores.queries.score_figures import score_stats
from core.scores.views import ScoreFilter
from core.system.service import retention
from tests.factories.history import days_ago, scored
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")


def previous_mean() -> float | None:
    period, actor = last_days(7, zone="UTC"), person(Role.ANALYST).actor
    with transaction() as session:
        [found] = score_stats(session, ScoreFilter(), period, Watched(), actor=actor).names
    return found.previous.mean


def test_scores_are_compared_until_some_of_the_previous_period_are_deleted() -> None:
    for ago in range(1, 14):
        scored(f"c{ago}", 0.9 if ago < 11 else 0.1, days_ago(ago))
    with transaction() as session:
        settings.write(session, Retention(score_days=30), by=None)
    retention.apply()
    assert previous_mean() is not None
    with transaction() as session:
        settings.write(session, Retention(score_days=10), by=None)
        session.connection().exec_driver_sql("update message_scores set received_at = created_at")
    retention.apply()
    assert previous_mean() is None
