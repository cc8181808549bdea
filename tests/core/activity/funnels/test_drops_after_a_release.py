"""A drop that begins days after a release is dated to its first day, and said of no release."""

import random
from datetime import datetime, timedelta

import pytest

from core.activity.queries.funnels.conversion_drops import ConversionDrop, drops
from core.activity.queries.funnels.funnel import STEPS
from core.database.db import transaction
from core.identity.schemas import Role
from core.platform import clock
from core.presentation.periods import Watched, last_days
from tests.factories.activity import event, store
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def days_ago(days: float) -> datetime:
    return clock.now().replace(hour=0, minute=0, second=0, microsecond=0) - days * DAY


def users(*, released: datetime, worse: datetime, gradual: timedelta, rate: float = 0.4) -> None:
    """Create 26 days of users, two an hour: from `worse` on, over a time, ever more take the
    fourth step less often.
    """
    chance, made, end = random.Random(5), [], clock.now() - HOUR
    for number in range(26 * 24 * 2):
        at = days_ago(25) + number * timedelta(minutes=30)
        if at > end:
            break
        reached = min((at - worse) / gradual, 1) if gradual else at >= worse
        lower = rate if chance.random() < reached else 0.9
        for step, name in enumerate(STEPS):
            release = "2" if at >= released else "1"
            when = at + step * timedelta(minutes=5)
            made.append(event(name, when, user_id=f"u{number}", app="web", release=release))
            if chance.random() > (lower if step == 2 else 0.9):
                break
    store(made)


def found() -> ConversionDrop:
    with transaction() as session:
        [drop] = drops(
            session, last_days(14, zone="UTC"), Watched(), actor=person(Role.ANALYST).actor
        )
    return drop


@pytest.mark.parametrize("later", [3, 6])
def test_a_drop_that_begins_days_after_a_release_is_of_its_first_day(later: int) -> None:
    # A release before it was blamed for it
    released = days_ago(9) + 9 * HOUR
    worse = days_ago(9 - later)
    users(released=released, worse=worse, gradual=timedelta())
    drop = found()
    assert (drop.release, drop.at) == (None, worse)
    assert drop.rate == pytest.approx(0.4, abs=0.1)
    assert drop.before == pytest.approx(0.9, abs=0.06)


@pytest.mark.parametrize("days", [0, 4])
def test_a_drop_that_begins_with_a_release_is_of_it_though_users_get_it_by_and_by(
    days: int,
) -> None:
    released = days_ago(9) + 9 * HOUR
    users(released=released, worse=released, gradual=days * DAY, rate=0.2)
    drop = found()
    assert (drop.release, drop.at) == ("2", released)


def test_a_drop_within_the_period_without_a_release_is_of_its_first_day() -> None:
    users(released=days_ago(40), worse=days_ago(5), gradual=timedelta())
    drop = found()
    assert (drop.release, drop.at) == (None, days_ago(5))
