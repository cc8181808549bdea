"""Subjects by release are in a partition of their own."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.activity.queries.funnels import funnel_counts
from core.activity.queries.funnels.funnel import STEPS, read
from core.database.db import read_session, transaction
from core.embedded.postgres import Postgres
from core.presentation.periods import Period, Watched
from tests.factories.activity import START, event, minutes, store
from tests.factories.identity import person

PERIOD = Period(START, minutes(60))
OTHER = read(",".join(reversed(STEPS[:2])))


def users(session: Session, watched: Watched) -> int:
    found = funnel_counts.read_funnel(session, PERIOD, watched, OTHER, actor=person().actor)
    return found.steps[0].users


@pytest.mark.parametrize(
    ("lost", "of_all", "of_release"),
    [("subjects_of_environments", 0, 1), ("subjects_of_releases", 2, 0)],
)
def test_a_funnel_reads_the_partition_of_what_it_is_about(
    database: Postgres, lost: str, of_all: int, of_release: int
) -> None:
    store([event(STEPS[1], user_id="ann", release="2.0"), event(STEPS[1], user_id="bea")])
    with transaction() as session:
        session.execute(text(f"truncate {lost}"))
    with read_session() as session:
        assert users(session, Watched()) == of_all
        assert users(session, Watched(release="2.0")) == of_release
