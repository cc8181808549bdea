"""The figures of a view are not compared with a period whose rows retention has partly deleted."""

from datetime import timedelta

import pytest

from core.database import settings
from core.database.db import Database, transaction
from core.identity.schemas import Role
from core.insights.view_figures import read_figures
from core.platform import clock
from core.presentation.comparison import ChangeVerdict, Kpi
from core.presentation.periods import last_days
from core.saved_views.schemas import ViewPage
from tests.factories.history import days_ago, rated
from tests.factories.identity import person
from tests.factories.imports import row, send

pytestmark = pytest.mark.usefixtures("database")
COMPARED = ViewPage.FEEDBACK, ViewPage.CONVERSATIONS


@pytest.fixture(autouse=True)
def two_weeks() -> None:
    """Have ratings and conversations of two weeks, of which the first week was worse."""
    for ago in range(14):
        for number in range(10):
            rated(1 if ago < 7 or number else -1, "thumbs", days_ago(ago + 0.01))
        at = days_ago(ago + 0.01).isoformat()
        message = {"id": "m", "role": "user", "content": "x", "created_at": at}
        named = {"id": f"c{ago}", "created_at": at, "messages": [message]}
        send("conversation", row("conversation", ago) | named)


def figures(page: ViewPage) -> list[Kpi]:
    actor, period = person(Role.ADMIN).actor, last_days(7, zone="UTC")
    with transaction() as core, transaction(Database.AI) as ai:
        return read_figures(core, ai, page, {}, period, actor=actor)


@pytest.mark.parametrize("page", COMPARED)
def test_a_view_is_compared_while_all_rows_are_there(page: ViewPage) -> None:
    assert all(each.value is not None and each.before is not None for each in figures(page))


@pytest.mark.parametrize("page", COMPARED)
def test_a_view_is_not_compared_with_what_retention_has_partly_deleted(page: ViewPage) -> None:
    until = clock.now() - timedelta(days=10)
    with transaction() as session:
        sealed = settings.Sealed(ai_feedback=until, conversations=until)
        settings.write(session, sealed, by=None)
    found = figures(page)
    assert all(each.value is not None for each in found)
    assert {(each.before, each.verdict) for each in found} == {(None, ChangeVerdict.UNKNOWN)}
