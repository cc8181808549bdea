"""Errors by code: how many affected users succeeded later, named, anonymous, or named later."""

import pytest
from sqlalchemy.event import listen

from core.activity.queries.errors import error_codes
from core.activity.queries.events import EventFilter
from core.activity.views import ErrorGroup
from core.database.db import transaction
from core.database.paging import Window
from core.identity.schemas import Role
from core.presentation.periods import DAY, Period, Watched
from tests.factories.activity import START, event, minutes, store
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
FAILED = {"error_code": "E1"}
KINDS = [("export.run", "export.run"), ("export_error", "export_success")]  # funnels know neither


def found() -> ErrorGroup:
    with transaction() as session:
        period = Period(START - DAY, START + DAY)
        actor = person(Role.ANALYST).actor
        [group] = error_codes.list_errors(
            session, EventFilter(), period, Watched(), window=Window(), actor=actor
        ).items
    return group


@pytest.mark.parametrize(("failing", "success"), KINDS)
@pytest.mark.parametrize(
    ("first", "later", "got_through"),
    [
        ({"user_id": "ann"}, {"user_id": "ann"}, 1),
        ({"session_id": "s"}, {"session_id": "s"}, 1),
        ({"session_id": "s"}, {"session_id": "other"}, 0),
        ({"session_id": "s"}, {"session_id": "s", "user_id": "ann"}, 1),
        ({"user_id": "ann", "session_id": "s"}, {"session_id": "s"}, 1),
        ({"user_id": "ann", "session_id": "s"}, {"session_id": "s", "app": "elsewhere"}, 0),
        ({"user_id": "ann"}, {"user_id": "bob", "session_id": "s"}, 0),
    ],
    ids=str,
)
def test_who_got_through_later_is_told_whoever_it_is(
    failing: str, success: str, first: dict[str, str], later: dict[str, str], got_through: int
) -> None:
    store([event(failing, minutes(1), **FAILED, **first), event(success, minutes(5), **later)])
    assert (found().users, found().later_successes) == (1, got_through)


@pytest.mark.parametrize(("failing", "success"), KINDS)
def test_what_went_well_before_is_not_later(failing: str, success: str) -> None:
    store(
        [
            event(success, minutes(0), session_id="s"),
            event(failing, minutes(1), **FAILED, session_id="s"),
        ]
    )
    assert (found().users, found().later_successes) == (1, 0)


@pytest.mark.parametrize(
    ("failing", "success", "got_through"),
    [
        ("onboarding.register_error", "onboarding.register_complete", 1),
        ("account.join_error", "account.joined", 0),  # no success has such a name
    ],
)
def test_no_raw_row_is_read_to_find_successes_that_funnels_know_or_nobody_sent(
    failing: str, success: str, got_through: int
) -> None:
    store([event(failing, minutes(1), **FAILED, user_id=user) for user in ("ann", "bob")])
    store([event(success, minutes(2), user_id="ann")])
    statements: list[str] = []
    with transaction() as session:
        listen(
            session.connection(),
            "before_cursor_execute",
            lambda *given: statements.append(given[2]),
        )
        period, actor = Period(START - DAY, START + DAY), person(Role.ANALYST).actor
        [group] = error_codes.list_errors(
            session, EventFilter(), period, Watched(), window=Window(), actor=actor
        ).items
    assert (group.users, group.later_successes) == (2, got_through)
    assert [
        each.count("user_activity_events") for each in statements if "later_successes" in each
    ] == [1]
