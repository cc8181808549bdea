"""A user of several apps of an environment is one subject in the funnel over all apps, in any order
of arrival.
"""

from datetime import timedelta
from threading import Thread
from time import sleep

import pytest
from sqlalchemy import text

from core.activity.ingest import events as ingest
from core.activity.ingest.funnel import subjects
from core.activity.queries.funnels import funnel_counts
from core.activity.queries.funnels.funnel import STEPS
from core.database.db import transaction
from core.database.staging import driver
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor
from core.ingest.rows import RowSource
from core.presentation.periods import Period, Watched
from core.system.service.verification import verify
from tests.factories import activity
from tests.factories.activity import START, event, minutes, store
from tests.factories.identity import person

DAY = Period(START, START + timedelta(days=1))


@pytest.fixture
def actor(database: Postgres) -> Actor:
    """Return an analyst."""
    return person().actor


def users(actor: Actor, app: str | None = None) -> list[int]:
    with transaction() as session:
        return [
            step.users
            for step in funnel_counts.read_funnel(session, DAY, Watched(app=app), actor=actor).steps
        ]


def is_sound() -> bool:
    return not any(check.differences for check in verify.verify())


def rows_over_all_apps() -> int:
    with transaction() as session:
        return int(
            session.execute(text("select count(*) from subjects where app = '*'")).scalar_one()
        )


def test_what_was_done_in_two_apps_is_one_journey(actor: Actor) -> None:
    store(
        [
            event(STEPS[0], user_id="ann", app="web"),
            event(STEPS[1], minutes(1), user_id="ann", app="mobile"),
        ]
    )
    store(
        [
            event(STEPS[2], minutes(2), user_id="ann", app="web"),
            event(STEPS[0], user_id="bea", app="web"),
        ]
    )
    assert users(actor) == [2, 1, 1, 0, 0]
    assert (users(actor, "web"), users(actor, "mobile")) == ([2, 0, 0, 0, 0], [0] * 5)
    assert is_sound()


def test_who_was_there_before_the_second_app_came_counts_once_whether_he_comes_again_or_not(
    actor: Actor,
) -> None:
    store(event(STEPS[0], user_id=name, app="web") for name in ("ann", "bea", "eva"))
    assert rows_over_all_apps() == 0
    store(
        [
            event(STEPS[1], minutes(1), user_id="ann", app="mobile"),
            event(STEPS[0], user_id="dan", app="mobile"),
        ]
    )
    store([event(STEPS[1], minutes(1), user_id="bea", app="web")])
    assert users(actor) == [4, 2, 0, 0, 0]
    assert (users(actor, "web"), users(actor, "mobile")) == ([3, 1, 0, 0, 0], [1, 0, 0, 0, 0])
    assert is_sound()


def test_a_session_that_gets_its_name_in_another_app_is_still_one(actor: Actor) -> None:
    store(
        [
            event(STEPS[0], session_id="s", app="web"),
            event(STEPS[1], minutes(1), session_id="s", app="mobile"),
        ]
    )
    assert users(actor) == [1, 1, 0, 0, 0]
    store([event("page.opened", minutes(2), session_id="s", user_id="ann", app="web")])
    store([event("page.opened", minutes(3), session_id="s", user_id="ann", app="mobile")])
    store([event(STEPS[2], minutes(4), user_id="ann", app="mobile")])
    assert users(actor) == [1, 1, 1, 0, 0]
    assert is_sound()


def test_only_who_is_in_several_apps_has_a_row_over_all_of_them(actor: Actor) -> None:
    store([event(STEPS[0], user_id="ann", app="web"), event(STEPS[0], user_id="bea", app="mobile")])
    store(
        [
            event(STEPS[0], session_id="s", app="web"),
            event(STEPS[1], minutes(1), user_id="ann", app="web"),
        ]
    )
    assert rows_over_all_apps() == 0
    store([event(STEPS[1], minutes(1), user_id="bea", app=app) for app in ("web", "desktop")])
    assert rows_over_all_apps() == 1
    assert users(actor) == [3, 2, 0, 0, 0]
    assert is_sound()


def test_a_session_that_loses_its_name_to_a_user_in_each_app_leaves_nobody_behind(
    actor: Actor,
) -> None:
    store([event(STEPS[0], session_id="s", app=app) for app in ("web", "mobile")])
    store(
        [
            event("page.opened", minutes(2), session_id="s", user_id="ann", app=app)
            for app in ("web", "mobile")
        ]
    )
    with transaction() as session:
        assert (
            session.execute(
                text("select count(*) from subjects where subject = 's:s'")
            ).scalar_one()
            == 0
        )
    assert users(actor) == [1, 0, 0, 0, 0]
    assert is_sound()


def test_who_begins_in_two_apps_at_the_same_moment_is_one(actor: Actor) -> None:
    other = Thread(target=store, args=([event(STEPS[1], minutes(1), user_id="ann", app="mobile")],))
    with transaction() as session:
        ingest.store(
            session, [event(STEPS[0], user_id="ann", app="web")], RowSource("production", "UTC")
        )
        other.start()
        sleep(0.5)  # he waits for us, and does not know of her yet
    other.join(20)
    assert users(actor) == [1, 1, 0, 0, 0]
    assert is_sound()


def test_other_environments_are_left_alone(actor: Actor) -> None:
    store(
        [
            event(STEPS[0], user_id="ann", app="web"),
            event(STEPS[0], user_id="ann", app="mobile", environment="test"),
        ]
    )
    assert rows_over_all_apps() == 0
    assert users(actor) == [1, 0, 0, 0, 0]


def test_when_one_app_is_left_its_rows_hold_everything_again(actor: Actor) -> None:
    store([event(STEPS[0], user_id="ann", app="web")])
    before = activity.derived()
    store([event(STEPS[1], minutes(1), user_id="ann", app="mobile")])
    with transaction() as session:
        for table in ("funnel_parts", "subjects"):
            session.execute(text(f"delete from {table} where app = 'mobile'"))
        subjects.settle(driver(session))
    assert rows_over_all_apps() == 0
    assert activity.derived()["everywhere"] == before["everywhere"]
    assert users(actor) == [1, 0, 0, 0, 0]


def test_no_app_is_called_as_all_of_them_are() -> None:
    assert "app: *" in str(event(STEPS[0], app="*").wrong(START))
    assert event(STEPS[0], app="web").wrong(START) is None


def test_an_environment_never_looks_like_the_place_of_a_release() -> None:
    assert "environment" in str(event(STEPS[0], environment="live\x1f1.0").wrong(START))
    assert event(STEPS[0], environment="live").wrong(START) is None
