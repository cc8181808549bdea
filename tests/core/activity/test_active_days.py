"""A user's active days are those of the events beside them: of a release, its own."""

from datetime import timedelta

import pytest

from core.activity.queries.user_details import get_user
from core.database.db import transaction
from core.presentation.periods import Watched
from tests.factories.activity import START, event, store
from tests.factories.identity import person


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(("release", "days"), [(None, 4), ("1.0", 3), ("2.0", 1)])
def test_of_a_release_the_days_on_which_it_was_used_count(release: str | None, days: int) -> None:
    for number in range(4):
        at = START + timedelta(days=number)
        store([event("page.view", at, user_id="ann", release="1.0" if number < 3 else "2.0")])
    with transaction() as session:
        found = get_user(session, "ann", Watched(release=release), actor=person().actor)
    assert (found.active_days, found.events) == (days, days)
