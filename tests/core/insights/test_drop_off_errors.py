"""Of those who dropped off at a step, those are counted who met an error once they were there."""

from datetime import datetime, timedelta

import pytest

from core.activity.queries.funnels.funnel import STEPS, Funnel, Step
from core.database import settings
from core.database.db import transaction
from core.errors import Forbidden
from core.identity.schemas import Role
from core.insights.queries.drop_off_errors import DropOffErrors, drop_off_errors
from core.presentation.periods import Period, Watched
from tests.factories.activity import START, event, minutes, spaced, store
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
DAY = timedelta(days=1)
PERIOD = Period(START - DAY, START + DAY)
ERROR = "onboarding.login_error"


def found(
    watched: Watched | None = None, funnel: Funnel | None = None, role: Role = Role.ANALYST
) -> list[DropOffErrors]:
    with transaction() as session:
        return drop_off_errors(
            session, PERIOD, watched or Watched(), funnel, actor=person(role).actor
        )


def shares(rows: list[DropOffErrors]) -> list[tuple[int, int, str | None]]:
    return [(each.dropped_off, each.with_error, each.top_error) for each in rows]


def users() -> None:
    """Have three drop off at the second step, of whom two met an error there, and one convert."""
    for name in ("ann", "bea", "cid"):
        store(spaced(STEPS[:2], user=name, start=START))
    store(spaced(STEPS, user="dot", start=START))
    store(
        [
            event(ERROR, minutes(90), user_id="ann", error_code="E1"),
            event(ERROR, minutes(91), user_id="bea", error_code="E1"),
            event(ERROR, minutes(92), user_id="dot", error_code="E2"),
        ]
    )


def test_an_error_after_the_step_counts_and_that_of_a_converted_user_does_not() -> None:
    users()
    rows = found()
    assert len(rows) == len(STEPS) - 1
    assert shares(rows)[:3] == [(0, 0, None), (3, 2, "E1"), (0, 0, None)]
    assert rows[1].error_share == pytest.approx(2 / 3)
    assert rows[0].error_share is None


def test_an_error_before_the_step_was_reached_does_not_count() -> None:
    store([event(ERROR, START - timedelta(hours=1), user_id="ann", error_code="E1")])
    store(spaced(STEPS[:2], user="ann", start=START))
    assert shares(found())[1] == (1, 0, None)


def test_a_session_without_a_user_counts_and_an_error_without_a_code_has_its_type() -> None:
    store([event(STEPS[0], START, session_id="s"), event(ERROR, minutes(5), session_id="s")])
    assert shares(found())[0] == (1, 1, ERROR)


def test_another_funnel_and_app_have_their_own() -> None:
    users()
    other = Funnel((Step((STEPS[0],)), Step((STEPS[4],))), timedelta(days=7))
    assert shares(found(funnel=other)) == [(3, 2, "E1")]
    assert shares(found(Watched(app="phone")))[1] == (0, 0, None)
    assert shares(found(Watched(environment="staging")))[1] == (0, 0, None)


def test_who_may_not_watch_is_refused() -> None:
    with pytest.raises(Forbidden):
        found(role=Role.REVIEWER)


@pytest.mark.parametrize(("deleted_until", "is_known"), [(PERIOD.start, True), (START, False)])
def test_a_share_with_an_error_is_unknown_where_events_of_the_period_are_deleted(
    deleted_until: datetime, is_known: bool
) -> None:
    # Errors are read from raw events: of deleted ones, the funnel said 0.0% with an error
    users()
    with transaction() as session:
        settings.write(session, settings.Sealed(user_activity_events=deleted_until), by=None)
    assert (found()[1].error_share is not None) is is_known
