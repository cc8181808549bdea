"""Engagement without a browser: its views, their empty states, and the way to the users."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.platform import clock
from core.presentation.periods import DAY
from pages._ui import cache
from tests.factories import activity
from tests.factories.identity import Person
from tests.pages.conftest import ENGAGEMENT, USERS, Console, said


def opened(console: Console, one: Person, page: str = ENGAGEMENT, **query: str) -> AppTest:
    app = console(one, page)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    assert "Could not load" not in said(app)
    return app


def table(app: AppTest, *columns: str) -> pd.DataFrame:
    """Return the table that has these columns."""
    return next(each.value for each in app.dataframe if set(columns) <= set(each.value.columns))


def visits() -> None:
    """Store visits of a product for cooks in its last three weeks, the last of them today."""
    now = clock.now()
    for weeks, users in ((2, "ana ben cleo"), (1, "ana ben"), (0, "ana dora")):
        at = now - weeks * 7 * DAY - timedelta(seconds=1)
        activity.store(activity.event("recipe.opened", at, user_id=user) for user in users.split())


@pytest.mark.parametrize(
    ("view", "what"), [("", "events"), ("retention", "new users"), ("paths", "events")]
)
def test_an_empty_view_says_what_fills_it(
    console: Console, analyst: Person, view: str, what: str
) -> None:
    assert f"No {what} in this period" in said(opened(console, analyst, view=view))


@pytest.mark.parametrize("interval", ["", "week", "month"])
def test_active_users_are_drawn_by_each_interval(
    console: Console, analyst: Person, interval: str
) -> None:
    visits()
    app = opened(console, analyst, days="30", interval=interval)
    shown = table(app, "Users", "New", "Stickiness")
    assert shown["New"].sum() == 4
    latest = shown.iloc[0]
    assert "so far" in latest.iloc[0]
    assert (latest["Users"] >= 2, latest["30 days"]) == (True, 4)


@pytest.mark.parametrize(("view", "column"), [("", "New"), ("retention", "Week 0")])
def test_active_users_and_retention_are_those_of_the_chosen_release(
    console: Console, analyst: Person, view: str, column: str
) -> None:
    at = clock.now() - timedelta(seconds=1)
    activity.store(
        activity.event("recipe.opened", at, user_id=user, release=release)
        for user, release in (("ana", "1.0"), ("ben", "2.0"), ("cleo", "2.0"))
    )
    shown = table(opened(console, analyst, view=view, days="7", release="2.0"), "Users", column)
    assert str(shown["Users"].iloc[0]) == "2"


def test_one_day_has_a_figure_and_no_line_of_nothing(console: Console, analyst: Person) -> None:
    visits()
    shown = table(opened(console, analyst, days="1"), "Users", "Stickiness")
    assert len(shown) == 1


def test_retention_is_a_triangle_of_shares_and_numbers(console: Console, analyst: Person) -> None:
    visits()
    shown = table(opened(console, analyst, view="retention", days="30"), "First week", "Week 0")
    assert shown["First week"].iloc[0] == "All cohorts"
    filled = [row for row in shown.itertuples(index=False) if row[1] not in ("0", "4")]
    assert [row[1] for row in filled] == ["3", "1"]
    first = [each for each in filled[0][2:] if each]
    assert first == ["100% · 3", "67% · 2", "33% · 1*"]
    assert [each for each in filled[1][2:] if each] == ["100% · 1*"]


def test_a_short_period_offers_more_cohorts(console: Console, analyst: Person) -> None:
    visits()
    app = opened(console, analyst, view="retention")
    next(button for button in app.button if button.label == "Show 90 days").click().run()
    assert app.query_params["days"] == "90"
    assert not any(button.label == "Show 90 days" for button in app.button)


def test_paths_are_followed_by_the_address_and_lead_to_users(
    console: Console, analyst: Person
) -> None:
    begun = clock.now() - timedelta(hours=2)
    for number in range(4):
        kinds = ["recipe.opened", "recipe.saved", "basket.sent"][: 3 - number % 2]
        activity.store(
            activity.event(
                kind,
                begun + timedelta(minutes=at),
                user_id=f"u{number}",
                release=f"{number % 2 + 1}.0",
            )
            for at, kind in enumerate(kinds)
        )
    app = opened(console, analyst, view="paths", event="recipe.opened", release="2.0")
    assert "2 users, from the first one in the period" in said(app)
    links = {link.proto.label: link.proto.query_string for link in app.get("page_link")}
    assert "release=2.0" in links["Open users"]
    app = opened(console, analyst, view="paths", event="recipe.opened")
    assert "4 users, from the first one in the period" in said(app)
    first, second, _ = (each.value for each in app.dataframe)
    assert list(first.itertuples(index=False, name=None)) == [("recipe.saved", 4, 100.0)]
    assert list(second["Event"]) == ["basket.sent", "No later event"]
    app = opened(
        console, analyst, view="paths", event="recipe.opened", through="recipe.saved,basket.sent"
    )
    assert "recipe.opened → recipe.saved → basket.sent" in said(app)
    links = {link.proto.label: link.proto.query_string for link in app.get("page_link")}
    assert "path=after" in links["Open users"]
    assert "anonymous=true" in links["Anonymous sessions"]
    before = opened(console, analyst, view="paths", event="basket.sent", direction="before")
    assert list(before.dataframe[1].value["Event"]) == ["recipe.opened"]


def test_an_event_that_did_not_happen_in_the_period_is_said_to_be_missing(
    console: Console, analyst: Person
) -> None:
    visits()
    activity.store(activity.spaced(["basket.sent"], user="ana", start=clock.now() - 20 * DAY))
    app = opened(console, analyst, view="paths", event="basket.sent", days="7")
    assert "No users with basket.sent in this period" in said(app)


def test_the_users_page_takes_days_and_says_so(console: Console, analyst: Person) -> None:
    visits()
    tomorrow = (clock.now() + DAY).date()
    app = opened(console, analyst, USERS, active=f"{clock.now().date() - DAY}..{tomorrow}")
    assert "2 users" in said(app)
    assert "Filtered by active" in said(app)


def test_paths_of_the_most_frequent_event_are_exported_as_they_are_drawn(
    console: Console, analyst: Person
) -> None:
    assert exports(opened(console, analyst, view="paths")) == []
    visits()
    cache.forget()
    (address,) = exports(opened(console, analyst, view="paths"))
    assert parse_qs(urlsplit(address).query)["event"] == ["recipe.opened"]


def exports(app: AppTest) -> list[str]:
    links = app.get("link_button")
    return [each.proto.url for each in links if each.proto.label == "Export CSV"]


def test_an_event_type_with_a_comma_is_followed_to_its_users(
    console: Console, analyst: Person
) -> None:
    at = clock.now() - timedelta(hours=2)
    activity.store(activity.spaced(["recipe.opened", "saved, at home"], user="ana", start=at))
    activity.store(activity.spaced(["recipe.opened", "saved"], user="ben", start=at))
    app = opened(console, analyst, view="paths", event="recipe.opened", through='"saved, at home"')
    assert "recipe.opened → saved, at home" in said(app)
    links = {link.proto.label: link.proto.query_string for link in app.get("page_link")}
    path = parse_qs(links["Open users"])["path"][0]
    assert "1 user" in said(opened(console, analyst, USERS, path=path))


def test_days_that_only_users_have_do_not_narrow_the_list_of_sessions(
    console: Console, analyst: Person
) -> None:
    activity.store([activity.event("recipe.opened", clock.now() - DAY, session_id="visit")])
    of_users = {"active": "2020-01-01..2020-01-02"}
    assert "Filtered by active 2020" in said(opened(console, analyst, USERS, **of_users))
    app = opened(console, analyst, USERS, anonymous="true", **of_users)
    app.toggle(key="anonymous").set_value(True).run()
    assert "1 session" in said(app)
    assert "Filtered by" not in said(app)


def test_the_users_behind_the_figures_of_one_user_are_that_one(
    console: Console, analyst: Person
) -> None:
    # A search finds the ID in the IDs and names of others, too
    at = clock.now() - timedelta(seconds=1)
    activity.store(activity.event("recipe.opened", at, user_id=user) for user in ("ana", "anabel"))
    app = opened(console, analyst, view="paths", event="recipe.opened", user_id="ana")
    assert "1 user, from the first one" in said(app)
    links = {link.proto.label: link.proto.query_string for link in app.get("page_link")}
    query = {name: value for name, [value] in parse_qs(links["Open users"]).items()}
    assert "1 user ·" in said(opened(console, analyst, USERS, **query))
