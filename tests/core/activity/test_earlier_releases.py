"""Releases that were first seen before parts and subjects had rows of them: their funnels are read
from raw rows.
"""

from datetime import timedelta

import pytest
from sqlalchemy import text

from core.activity.queries.engagement.active_users_trend import read_active_users
from core.activity.queries.engagement.paths import read_paths
from core.activity.queries.engagement.retention import read_retention
from core.activity.queries.funnels import funnel_counts
from core.activity.queries.funnels.funnel import STEPS
from core.activity.queries.releases import ReleaseNotCounted, WithoutReleaseNotCounted
from core.activity.queries.user_filter import UserFilter
from core.activity.queries.user_lists import list_users
from core.database import settings
from core.database.db import transaction
from core.database.paging import Window
from core.database.settings import ReleasePlaces
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor
from core.insights.queries.overview import count_users
from core.insights.schemas import WatchScope
from core.presentation.periods import Period, Watched
from core.system.service.verification import verify
from tests.factories.activity import START, event, minutes, store
from tests.factories.identity import person

DAY = timedelta(days=1)
PERIOD = Period(START, START + 3 * DAY)
LATER = START + DAY


@pytest.fixture
def actor(database: Postgres) -> Actor:
    """Return an analyst of a workspace with one release from before, and one from after."""
    kinds = enumerate(STEPS[:3])
    store(event(kind, minutes(at), user_id="ann", release="1.0") for at, kind in kinds)
    store([event(STEPS[0], session_id="s", release="1.0"), event(STEPS[0], user_id="bea")])
    with transaction() as session:
        for table in ("funnel_parts", "subjects", "user_days"):
            session.execute(text(f"delete from {table} where is_release_place(environment)"))
        settings.amend(session, ReleasePlaces(since=LATER), by=None)
    store([event(STEPS[0], LATER, user_id="cid", release="2.0")])
    store([event(STEPS[1], LATER + DAY, user_id="cid", release="2.0")])
    return person().actor


def reached(actor: Actor, release: str) -> list[int]:
    with transaction() as session:
        watched = Watched(release=release)
        view = funnel_counts.read_funnel(session, PERIOD, watched, actor=actor)
    return [step.users for step in view.steps]


def test_their_funnels_are_those_of_their_events(actor: Actor) -> None:
    assert reached(actor, "1.0") == [2, 1, 1, 0, 0]
    assert reached(actor, "2.0") == [1, 1, 0, 0, 0]
    assert reached(actor, "3.0") == [0] * 5


def test_active_users_and_retention_of_later_releases_alone_are_counted(actor: Actor) -> None:
    with transaction() as session:
        for read in (read_active_users, read_retention):
            with pytest.raises(ReleaseNotCounted):
                read(session, PERIOD, Watched(release="1.0"), actor=actor)
        view = read_active_users(session, PERIOD, Watched(release="2.0"), actor=actor)
        cohorts = read_retention(session, PERIOD, Watched(release="2.0"), actor=actor).cohorts
    assert [row.users for row in view.items] == [0, 1, 1, 0]
    assert [cohort.users for cohort in cohorts] == [1]


def test_users_without_a_release_are_refused_in_words_of_their_own(actor: Actor) -> None:
    with transaction() as session:
        for read in (read_active_users, read_retention):
            with pytest.raises(WithoutReleaseNotCounted, match="without a release"):
                read(session, PERIOD, Watched(release=""), actor=actor)


def test_their_users_are_found_in_their_events(actor: Actor) -> None:
    for release, names in (("1.0", {"ann"}), ("2.0", {"cid"}), ("3.0", set())):
        scope = WatchScope(PERIOD, Watched(release=release))
        with transaction() as session:
            listed = list_users(session, UserFilter(), scope.watched, window=Window(9), actor=actor)
            assert {user.external_id for user in listed.items} == names
            assert count_users(session, scope).active == len(names)


def test_their_paths_are_refused_and_those_of_later_releases_are_not(actor: Actor) -> None:
    def started(release: str) -> int:
        with transaction() as session:
            view = read_paths(session, PERIOD, Watched(release=release), STEPS[0], actor=actor)
        return view.users

    with pytest.raises(ReleaseNotCounted):
        started("1.0")
    assert (started("2.0"), started("3.0")) == (1, 0)


def test_what_arrives_of_them_later_counts_with_what_came_before(actor: Actor) -> None:
    store([event(STEPS[3], START + DAY, user_id="ann", release="1.0")])
    assert reached(actor, "1.0") == [2, 1, 1, 1, 0]


def test_that_they_have_no_rows_is_no_difference_to_the_raw_rows(actor: Actor) -> None:
    store([event(STEPS[3], START + DAY, user_id="ann", release="1.0")])
    assert [check for check in verify.verify() if check.differences] == []


@pytest.mark.parametrize("table", ["funnel_parts", "user_days"])
def test_a_missing_row_of_a_later_release_is_a_difference(actor: Actor, table: str) -> None:
    with transaction() as session:
        session.execute(text(f"delete from {table} where is_release_place(environment)"))
    assert table in [check.table for check in verify.verify() if check.differences]
