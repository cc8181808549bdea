"""Views of a page: saved, opened again, shared, renamed and deleted."""

import pytest
from streamlit.testing.v1 import AppTest

from core.database.db import transaction
from core.identity.schemas import Role, SessionKind
from core.platform import clock
from core.saved_views import queries, service
from core.saved_views.schemas import NewSavedView, ViewPage
from tests.factories import ai_metrics
from tests.factories.identity import Person, person
from tests.pages.conftest import AI_METRICS, OVERVIEW, TUNING, USERS, Console, said, toasts


@pytest.fixture
def admin(database: object) -> Person:
    return person(Role.ADMIN, kind=SessionKind.BROWSER)


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def views(one: Person) -> dict[str, dict[str, str]]:
    with transaction() as session:
        return {each.name: each.query for each in queries.list_views(session, actor=one.actor)}


def keep(
    one: Person,
    name: str,
    page: ViewPage,
    *,
    shared: bool = False,
    pinned: bool = False,
    **query: str,
) -> None:
    given = NewSavedView(name=name, page=page, query=query, is_shared=shared, is_pinned=pinned)
    with transaction() as session:
        service.create_view(session, given, actor=one.actor)


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_filters_are_saved_under_a_name_and_opened_again(console: Console, admin: Person) -> None:
    app = console(admin, USERS)
    next(one for one in app.text_input if one.label == "Search").set_value("ann").run()
    app = press(app, "Save current filters")
    next(one for one in app.text_input if one.label == "Name").set_value("Anns")
    app = press(app, "Save view")
    assert toasts(app) == ["View saved"]
    assert views(admin) == {"Anns": {"q": "ann", "environment": "production"}}
    app = press(console(admin, USERS), "Anns")
    assert app.query_params == {"q": "ann"}
    assert "Filtered by search ann" in said(app)


def test_a_view_without_a_name_is_refused_in_its_form(console: Console, admin: Person) -> None:
    app = press(press(console(admin, USERS), "Save current filters"), "Save view")
    assert toasts(app) == ["Enter a name."]
    assert views(admin) == {}


def test_a_view_replaces_the_filters_that_were_chosen(console: Console, admin: Person) -> None:
    keep(admin, "Month", ViewPage.AI_METRICS, days="30", model="m", environment="production")
    app = console(admin, AI_METRICS)
    next(one for one in app.text_input if one.label == "Tool").set_value("search").run()
    app = press(app, "Month")
    assert app.query_params == {"days": "30", "model": "m"}


def test_the_owner_renames_shares_and_deletes_a_view(console: Console, admin: Person) -> None:
    keep(admin, "Month", ViewPage.USERS, q="ann")
    app = console(admin, USERS)
    app = next(one for one in app.button if "edit_view" in str(one.key)).click().run()
    next(one for one in app.text_input if one.label == "Name").set_value("Year")
    next(one for one in app.checkbox if one.label == "Share with everyone").check()
    app = press(app, "Save view")
    assert views(person(Role.ANALYST)) == {"Year": {"q": "ann"}}
    app = next(one for one in app.button if "edit_view" in str(one.key)).click().run()
    app = press(app, "Delete view")
    assert set(views(admin)) == {"Year"}
    assert "Year will be deleted for everyone." in said(app)
    assert not app.get("dialog")  # the popover would lie over it
    press(app, "Delete view")
    assert views(admin) == {}


def test_a_shared_view_is_opened_by_others_and_deleted_by_admins_only(
    console: Console, admin: Person
) -> None:
    keep(admin, "Everyone's *list*", ViewPage.USERS, shared=True, q="ann")
    analyst = person(Role.ANALYST, kind=SessionKind.BROWSER)
    app = console(analyst, USERS)
    assert "Everyone's \\*list\\*" in labels(app)
    assert not any("edit_view" in str(one.key) for one in app.button)
    other = person(Role.ADMIN, kind=SessionKind.BROWSER)
    app = console(other, USERS)
    app = next(one for one in app.button if "edit_view" in str(one.key)).click().run()
    assert "Save view" not in labels(app)
    app = press(app, "Delete view")
    press(app, "Delete view")
    assert views(admin) == {}


def test_a_view_opens_with_a_choice_that_a_widget_of_its_page_has(
    console: Console, admin: Person
) -> None:
    # Streamlit refuses to set a parameter of the address that a widget is bound to
    ai_metrics.send(ai_metrics.request(clock.now()))
    keep(admin, "Sessions", ViewPage.USERS, anonymous="true")
    keep(admin, "Latest", ViewPage.AI_METRICS, order="Newest")
    for page, name in ((USERS, "Sessions"), (AI_METRICS, "Latest")):
        app = press(console(admin, page), name)
        assert "Something went wrong" not in said(app)
        assert app.query_params == views(admin)[name]


def test_a_view_turns_off_a_choice_that_it_leaves_out(console: Console, admin: Person) -> None:
    keep(admin, "Everyone", ViewPage.USERS, environment="production")
    app = console(admin, USERS)
    app.query_params["anonymous"] = "true"
    app = press(app.run(), "Everyone")
    toggle = next(each for each in app.toggle if each.label == "Anonymous sessions")
    # A browser is told: it would go on to show what was chosen
    assert (toggle.value, toggle.proto.set_value, app.query_params) == (False, True, {})


def test_a_list_of_review_opens_on_its_tab(console: Console, admin: Person) -> None:
    keep(admin, "Unhappy", ViewPage.CONVERSATIONS, rating="negative", days="7")
    app = console(admin, TUNING)
    app.button_group[0].set_value("conversations").run()
    app = press(app, "Unhappy")
    assert app.query_params == {"view": "conversations", "rating": "negative"}


def test_a_pinned_view_is_a_card_that_leads_to_it(console: Console, admin: Person) -> None:
    ai_metrics.send(ai_metrics.request(clock.now(), status="error"))
    keep(admin, "Failed *now*", ViewPage.AI_METRICS, pinned=True, status="error", days="1")
    keep(admin, "Broken", ViewPage.AI_METRICS, pinned=True, days="none")
    app = console(admin, OVERVIEW)
    cards = {metric.label: metric.value for metric in app.metric}
    assert (cards["Failed \\*now\\*"], cards["Broken"]) == ("1", "n/a")
    assert "Pinned views" in said(app)
    links = [link for link in app.get("page_link") if "status=error" in str(link.proto)]
    assert [link.proto.label for link in links] == ["Requests"]
    analyst = person(Role.ANALYST, kind=SessionKind.BROWSER)
    assert "Pinned views" not in said(console(analyst, OVERVIEW))


def test_parameters_of_any_name_leave_the_overview_whole(console: Console, admin: Person) -> None:
    keep(admin, "Odd", ViewPage.AI_METRICS, pinned=True, address="users", label="x", icon="y")
    app = console(admin, OVERVIEW)
    assert "Something went wrong" not in said(app)
    links = [link for link in app.get("page_link") if "label=x" in str(link.proto)]
    assert [link.proto.label for link in links] == ["Requests"]


def test_a_pinned_view_shows_the_figure_that_was_chosen_for_its_card(
    console: Console, admin: Person
) -> None:
    ai_metrics.send(*(ai_metrics.request(clock.now(), status=each) for each in ("error", "ok")))
    app = press(console(admin, AI_METRICS), "Save current filters")
    next(one for one in app.text_input if one.label == "Name").set_value("Failures")
    app = next(one for one in app.checkbox if one.label == "Pin to the Overview").check().run()
    next(one for one in app.selectbox if one.label == "Figure on the card").set_value("error_rate")
    press(app, "Save view")
    app = console(admin, OVERVIEW)
    assert {metric.label: metric.value for metric in app.metric}["Failures"] == "50.0%"


def test_the_card_of_a_view_shows_the_main_figure_where_its_filters_leave_the_chosen_one_out(
    console: Console, admin: Person
) -> None:
    view = NewSavedView(
        name="Lost",
        page=ViewPage.BATCH_HISTORY,
        query={"status": "lost"},
        is_pinned=True,
        figure="success",
    )
    with transaction() as session:
        service.create_view(session, view, actor=admin.actor)
    app = console(admin, OVERVIEW)
    links = [link for link in app.get("page_link") if "status=lost" in str(link.proto)]
    assert [link.proto.label for link in links] == ["Runs"]
