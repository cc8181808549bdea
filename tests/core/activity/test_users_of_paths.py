"""Who took a path is who did its first event, however late the path may end."""

import pytest

from core.activity.queries.user_filter import PathRefused, PathTaken, UserFilter
from core.activity.queries.user_lists import list_users
from core.database.db import transaction
from core.database.paging import Window
from core.presentation.periods import Watched
from tests.factories.activity import event, minutes, store
from tests.factories.identity import person


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("until", ["2027-01-01T00:00Z", "9999-12-31T00:00Z"])
def test_those_who_never_did_the_first_event_of_a_path_did_not_take_it(until: str) -> None:
    store([event("plan.chosen", user_id="ann"), event("plan.seen", minutes(1), user_id="bea")])
    path = UserFilter(path=f"after,2026-11-01T00:00Z,{until},plan.chosen")
    with transaction() as session:
        found = list_users(session, path, Watched(), window=Window(10), actor=person().actor)
    assert [user.external_id for user in found.items] == ["ann"]


def test_a_path_with_offsets_is_that_of_the_same_times_in_utc() -> None:
    there = PathTaken.read("after,2026-11-01T02:00+02:00,2026-11-08T01:00+01:00,plan.chosen")
    here = PathTaken.read("after,2026-11-01T00:00Z,2026-11-08T00:00Z,plan.chosen")
    assert (there, str(there)) == (here, str(here))


@pytest.mark.parametrize("start", ["2026-11-01T00:00", "0001-01-01T00:00+01:00", "yesterday"])
def test_a_path_from_no_known_time_is_refused(start: str) -> None:
    with pytest.raises(PathRefused):
        PathTaken.read(f"after,{start},2026-11-08T00:00Z,plan.chosen")
