"""Onboarding shows the funnel, trends, errors and events in views of their own, each with an
address.
"""

import re
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.activity.queries.funnels.funnel import STEPS
from core.identity.schemas import Role, SessionKind
from core.platform import clock
from tests.factories import activity
from tests.factories.identity import person
from tests.pages.conftest import ONBOARDING, Console, said

HOUR = timedelta(hours=1)
PARTS = {
    "": "click a step to see who dropped off",
    "trends": "dotted: window still open",
    "errors": "by code · click a row for samples",
    "events": "newest first · click a row for details",
}


def opened(console: Console, **query: str) -> AppTest:
    app = console(person(Role.ANALYST, kind=SessionKind.BROWSER), ONBOARDING)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def store_two_users() -> None:
    """One fails at the second step, the other reaches it after an hour."""
    at = clock.now() - 3 * HOUR
    failed = activity.event("signup.failed", at, user_id="ann", error_code="E1", error_message="no")
    activity.store([*activity.spaced(STEPS[:1], user="ann", start=at - HOUR), failed])
    activity.store(activity.spaced(STEPS, user="zoe", start=at))
    activity.fold()


@pytest.mark.parametrize("view", PARTS)
def test_each_view_has_an_address_and_shows_its_own_part(console: Console, view: str) -> None:
    store_two_users()
    words = said(opened(console, view=view, days="2"))
    assert [each for each, part in PARTS.items() if part in words] == [view]


def test_choices_of_the_funnel_stand_only_where_it_counts(console: Console) -> None:
    store_two_users()
    labels = {view: {each.label for each in opened(console, view=view).selectbox} for view in PARTS}
    assert {view for view, found in labels.items() if "Compare with" in found} == {"", "trends"}


def test_a_comparison_is_kept_while_errors_are_looked_at(console: Console) -> None:
    store_two_users()
    app = opened(console, against="previous", view="errors")
    app.button_group(key="onboarding.view").set_value("").run()
    assert app.query_params["against"] == "previous"
    assert next(each for each in app.selectbox if each.label == "Compare with").value == "previous"


def test_the_samples_of_an_error_lead_to_its_events(console: Console) -> None:
    store_two_users()
    app = opened(console, view="errors")
    next(each for each in app.button if each.label == "Show 1 event").click().run()
    assert app.query_params["view"] == "events"
    events = next(table.value for table in app.dataframe if "Session" in table.value)
    assert list(events["Type"]) == ["signup.failed"]


def test_who_dropped_off_is_listed_with_the_error(console: Console) -> None:
    store_two_users()
    app = opened(console, view="", step="1")
    row = next(table for table in app.dataframe if "Last error" in table.value)
    assert "E1" in str(row.value["Last error"].iloc[0])


def test_users_whose_window_is_open_are_not_said_to_be_lost(console: Console) -> None:
    store_two_users()
    caption = "those who started in the last 30 days may still go on"
    assert caption in said(opened(console, view="", days="2"))
    long_ago = clock.now() - timedelta(days=60)
    ended = {"start": long_ago.isoformat(), "end": (long_ago + 24 * HOUR).isoformat()}
    assert caption not in said(opened(console, view="", **ended))


def test_a_bar_of_times_to_convert_lists_only_users_who_took_so_long(console: Console) -> None:
    # The page read the range by another name, and listed all who converted
    at = clock.now() - 5 * HOUR
    activity.store(activity.spaced(STEPS, user="ann", start=at))
    for number, step in enumerate(STEPS):
        activity.store([activity.event(step, at + number * HOUR / 2, user_id="slow")])
    app = opened(console, view="trends", step=str(len(STEPS)), took="180-300")
    words = said(app)
    assert "after 3.0 min to 5.0 min" in words
    assert "1 user · most recent first" in words


def test_times_to_convert_of_nobody_are_said_in_words(console: Console) -> None:
    activity.store(activity.spaced(STEPS[:1], user="ann", start=clock.now() - HOUR))
    assert "No user has converted yet" in said(opened(console, view="trends"))


def many_stop_at_the_first_step() -> None:
    for number in range(13):
        start = clock.now() - 3 * HOUR + number * HOUR / 20
        activity.store(activity.spaced(STEPS[:1], user=f"user {number}", start=start))
    activity.fold()


def test_events_begin_at_the_first_page_after_a_change_of_the_period(console: Console) -> None:
    many_stop_at_the_first_step()
    app = opened(console, view="events", days="7")
    next(each for each in app.button if each.label == "Older").click().run()
    assert not next(each for each in app.button if each.label == "Newer").disabled
    app.button_group(key="onboarding.days").set_value("30").run()
    assert next(each for each in app.button if each.label == "Newer").disabled


def test_drop_offs_begin_at_the_first_page_after_a_change_of_a_filter(console: Console) -> None:
    many_stop_at_the_first_step()
    app = opened(console, view="", step="1", days="7")
    pages = re.search(r"onboarding\.stopped.*", app.get("pagination")[0].proto.id)
    assert pages
    app.session_state[pages[0]] = 2
    app.run()
    app.text_input(key="onboarding.user_id").set_value("user 3").run()
    assert "No drop-offs at this step" not in said(app)
    stopped = next(table.value for table in app.dataframe if "Last error" in table.value)
    assert list(stopped["User"]) == ["user 3"]


def test_a_last_step_that_no_user_reached_says_so(console: Console) -> None:
    activity.store(activity.spaced(STEPS[:1], user="ann", start=clock.now() - HOUR))
    words = said(opened(console, step=str(len(STEPS)), days="2"))
    assert "No users reached this step in this period." in words
    assert "No drop-offs" not in words
