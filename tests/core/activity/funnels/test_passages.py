"""A drop in conversion is reported, with the release if there is one, and without users whose time
has not passed.
"""

import random
from datetime import timedelta

import pytest

from core.activity.ingest import events as ingest
from core.activity.queries.funnels.conversion_drops import ConversionDrop, drops
from core.activity.queries.funnels.funnel import STEPS
from core.database import partitions
from core.database.db import transaction
from core.errors import Forbidden
from core.identity.schemas import Role
from core.ingest.rows import RowSource
from core.platform import clock
from core.presentation.periods import Period, Watched, last_days
from tests.factories.activity import event
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
RELEASED_AGO = 4 * DAY


def users(
    *,
    worse: float | None = None,
    release: bool = True,
    mended: bool = False,
    seed: int = 5,
    app: str = "web",
) -> None:
    """Create twenty days of users, two an hour; later ones convert less often from the third to the
    fourth step.
    """
    chance, now, made = random.Random(seed), clock.now(), []
    for number in range(20 * 24 * 2):
        at = now - 20 * DAY + number * timedelta(minutes=30)
        if at > now - HOUR:
            break
        is_later, is_mended = at >= now - RELEASED_AGO, mended and at >= now - RELEASED_AGO / 2
        version = "3" if is_mended else "2" if is_later and release else "1"
        for step, name in enumerate(STEPS):
            made.append(
                event(
                    name,
                    at + step * timedelta(minutes=5),
                    user_id=f"u{number}" if app == "web" else f"{app}{number}",
                    app=app,
                    release=version,
                )
            )
            if chance.random() > (
                worse if worse is not None and is_later and not is_mended and step == 2 else 0.9
            ):
                break
    partitions.create_for(
        "user_activity_events", [each.created_at for each in made if each.created_at is not None]
    )
    with transaction() as session:
        ingest.store(session, made, RowSource(environment="production", zone="UTC"))


def found(period: Period | None = None, *, release: str | None = None) -> list[ConversionDrop]:
    with transaction() as session:
        return drops(
            session,
            period or last_days(7, zone="UTC"),
            Watched(release=release),
            actor=person(Role.ANALYST).actor,
        )


def test_a_drop_is_said_of_the_release_that_it_came_with() -> None:
    users(worse=0.4)
    [drop] = found()
    assert (drop.step, drop.release, drop.app) == (3, "2", "web")
    assert (drop.event_type, drop.next_event_type) == (STEPS[2], STEPS[3])
    assert drop.rate == pytest.approx(0.4, abs=0.15)
    assert drop.before == pytest.approx(0.9, abs=0.06)
    assert not drop.is_sampled


def test_without_a_release_it_is_said_of_the_period() -> None:
    users(worse=0.4, release=False)
    [drop] = found(last_days(5, zone="UTC"))
    assert (drop.step, drop.release) == (3, None)


def test_a_release_of_another_app_is_not_blamed() -> None:
    # Users of all apps were counted before and after it
    users(worse=0.4, release=False)
    users(app="desk", seed=6)
    [drop] = found(last_days(5, zone="UTC"))
    assert (drop.step, drop.release, drop.app) == (3, None, None)


def test_a_drop_since_a_release_is_of_the_users_of_its_app() -> None:
    users(worse=0.4)
    users(app="desk", release=False, seed=6)
    [drop] = found()
    assert (drop.release, drop.app) == ("2", "web")
    assert drop.rate == pytest.approx(0.4, abs=0.15)


def test_what_the_next_release_has_mended_is_said_of_the_first() -> None:
    users(worse=0.4, mended=True)
    [drop] = found(last_days(10, zone="UTC"))
    assert drop.release == "2"
    assert drop.rate == pytest.approx(0.4, abs=0.15)
    assert abs((drop.until - drop.at) - RELEASED_AGO / 2) <= HOUR


@pytest.mark.parametrize("seed", range(3))
def test_a_release_that_changes_nothing_is_not_blamed(seed: int) -> None:
    users(seed=seed)
    assert found() == []


def test_nobody_is_no_drop() -> None:
    assert found() == []


def test_who_may_not_watch_is_told_nothing() -> None:
    with transaction() as session, pytest.raises(Forbidden):
        drops(session, last_days(7, zone="UTC"), Watched(), actor=person(Role.REVIEWER).actor)


def test_of_a_release_only_its_own_users_are_looked_at() -> None:
    users(worse=0.4)
    assert found()
    assert found(release="1") == []
