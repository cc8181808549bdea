"""A journey whose events fill the page exactly is whole: nothing is left to show."""

from datetime import timedelta

from core.identity.schemas import Role, SessionKind
from core.platform import clock
from pages.watch.users.journey import AT_ONCE
from tests.factories import activity, conversations
from tests.factories.identity import person
from tests.pages.conftest import USERS, Console, said


def test_journey_of_a_full_page_offers_no_more_and_shows_what_came_after_its_last_event(
    console: Console,
) -> None:
    # A full last page has a cursor, too
    start = clock.now() - timedelta(hours=12)
    activity.store(activity.spaced(["page_view"] * AT_ONCE, user="ann", start=start))
    late = {"created_at": clock.now().isoformat()}
    conversations.stored(
        {"id": "c", "user_id": "ann", "messages": [conversations.message(0, **late)]}
    )
    app = console(person(Role.ANALYST, kind=SessionKind.BROWSER), USERS)
    app.query_params["user"] = "ann"
    app.run()
    assert not app.exception
    assert not [each.label for each in app.button if each.label.startswith("Show more")]
    assert "conversation 1 message" in said(app)


def test_the_latest_events_of_a_long_journey_are_one_choice_away(console: Console) -> None:
    # Oldest first, the last of 50,000 events was 499 presses of "Show more" away
    start = clock.now() - timedelta(hours=12)
    types = [f"step_{number}" for number in range(AT_ONCE + 20)]
    activity.store(activity.spaced(types, user="ann", start=start))
    late = {"created_at": clock.now().isoformat()}
    conversations.stored(
        {"id": "c", "user_id": "ann", "messages": [conversations.message(0, **late)]}
    )
    app = console(person(Role.ANALYST, kind=SessionKind.BROWSER), USERS)
    app.query_params["user"] = "ann"
    app.run()
    assert f"step {AT_ONCE + 19}" not in said(app)
    assert app.button_group(key="users.ann.order").value == "Oldest first"
    app.button_group(key="users.ann.order").set_value("Latest first").run()
    text = said(app)
    assert "latest first" in text
    assert "step 19" not in text
    assert text.index("conversation 1 message") < text.index(f"step {AT_ONCE + 19}")
    assert text.index(f"step {AT_ONCE + 19}") < text.index("step 20")
    [more] = [each for each in app.button if each.label.startswith("Show more")]
    assert more.label == "Show more (20 events left)"
    assert "step 0" in said(more.click().run())
