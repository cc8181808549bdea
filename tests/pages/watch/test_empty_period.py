"""A period without rows may lie beside those that there are: its page says to look further."""

from datetime import timedelta

import pytest

from core.identity.schemas import SessionKind
from core.platform import clock
from tests.factories import activity
from tests.factories.identity import person
from tests.pages.conftest import ENGAGEMENT, ONBOARDING, USERS, Console, said


@pytest.mark.parametrize(("page", "is_timed"), [(ONBOARDING, True), (USERS, False)])
def test_an_empty_period_says_that_a_longer_one_can_be_chosen(
    console: Console, page: str, is_timed: bool
) -> None:
    if is_timed:
        activity.store([activity.event("signed up", clock.now() - timedelta(days=40))])
    app = console(person(kind=SessionKind.BROWSER), page)
    assert not app.exception
    assert ("Choose a longer period, or send events" in said(app)) is is_timed
    assert "Send users" in said(app) or is_timed


def test_a_filter_without_rows_says_which_environment_is_shown(console: Console) -> None:
    # Usage counts every environment, and its rows lead to AI metrics of production
    app = console(person(kind=SessionKind.BROWSER), ENGAGEMENT)
    app.query_params["release"] = "2.7"
    app.run()
    assert "in production is shown. Choose a longer period" in said(app)
