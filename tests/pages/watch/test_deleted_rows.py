"""A period that begins before what retention has left: its page says so, else figures that leave
out the rest would look like days without any.
"""

from datetime import datetime, timedelta

import pytest

from core.database import settings
from core.database.db import transaction
from core.identity.schemas import SessionKind
from core.platform import clock
from tests.factories import activity
from tests.factories.ai_metrics import request, send
from tests.factories.batches import ran
from tests.factories.identity import person
from tests.pages.conftest import (
    AI_METRICS,
    BATCH_HISTORY,
    ONBOARDING,
    OVERVIEW,
    TUNING,
    USERS,
    Console,
    said,
)

KNOWLEDGE = "review/knowledge/page.py"
NOTE = "Retention has deleted {} from before"


def texts(console: Console, page: str, **address: str) -> str:
    """Return what a page says by an address."""
    app = console(person(kind=SessionKind.BROWSER), page)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return said(app)


def seal(until: datetime) -> None:
    names = set(settings.Sealed.model_fields)
    with transaction() as session:
        settings.write(session, settings.Sealed(**dict.fromkeys(names, until)), by=None)


@pytest.mark.parametrize(
    ("page", "place", "rows"),
    [
        (BATCH_HISTORY, {}, "batch runs"),
        (ONBOARDING, {"view": "errors"}, "events"),
        (KNOWLEDGE, {"section": "Feedback"}, "ratings"),
        (TUNING, {"view": "conversations"}, "conversations"),
    ],
)
@pytest.mark.parametrize(("days", "is_said"), [("30", True), ("7", False)])
def test_a_page_of_rows_says_which_were_deleted_in_its_period(
    console: Console, page: str, place: dict[str, str], rows: str, days: str, is_said: bool
) -> None:
    ran(clock.now() - timedelta(days=1))
    seal(clock.now() - timedelta(days=10))
    found = texts(console, page, **place, days=days)
    assert (NOTE.format(rows) in found) is is_said


@pytest.mark.parametrize(
    ("filters", "is_said"),
    [({}, False), ({"user_id": "u-1"}, True), ({"release": "2", "tool": "search"}, True)],
)
def test_ai_metrics_say_so_only_by_filters_that_rollups_do_not_have(
    console: Console, filters: dict[str, str], is_said: bool
) -> None:
    now = clock.now()
    tools = [{"name": "search", "duration_ms": 40}]
    send(request(now - timedelta(days=1), id="r1", user_id="u-1", release="2", tool_calls=tools))
    seal(now - timedelta(days=10))
    found = texts(console, AI_METRICS, **filters, days="30")
    assert (NOTE.format("AI requests") in found) is is_said


@pytest.mark.parametrize(("days", "is_said"), [("30", True), ("7", False)])
def test_the_list_of_requests_says_so_which_the_figures_above_it_still_count(
    console: Console, days: str, is_said: bool
) -> None:
    send(request(clock.now() - timedelta(days=1), id="r1"))
    seal(clock.now() - timedelta(days=10))
    found = texts(console, AI_METRICS, days=days)
    assert ("a header to sort · retention has deleted those from before" in found) is is_said


@pytest.mark.parametrize(("days_ago", "is_said"), [(1, False), (20, True)])
def test_a_journey_says_so_when_it_began_before(
    console: Console, days_ago: int, is_said: bool
) -> None:
    start = clock.now() - timedelta(days=days_ago)
    activity.store(activity.spaced(["page_view"], user="ann", start=start))
    seal(clock.now() - timedelta(days=10))
    found = texts(console, USERS, user="ann")
    assert (NOTE.format("events") in found) is is_said


@pytest.mark.parametrize(("days", "is_said"), [("30", True), ("7", False)])
def test_releases_and_prompt_versions_say_so_of_their_ratings(
    console: Console, days: str, is_said: bool
) -> None:
    now = clock.now()
    prompt = {"prompt_name": "support", "prompt_version": "1"}
    send(*(request(now, id=f"r{number}", release=number, **prompt) for number in "12"))
    seal(now - timedelta(days=10))
    found = texts(console, AI_METRICS, days=days)
    assert "By prompt version" in found
    assert found.count(NOTE.format("ratings")) == (2 if is_said else 0)


@pytest.mark.parametrize(("days", "is_said"), [("30", True), ("7", False)])
def test_the_overview_says_so_of_ratings_which_its_other_figures_do_not_read(
    console: Console, days: str, is_said: bool
) -> None:
    now = clock.now()
    send(request(now - timedelta(days=1), id="r1"))
    seal(now - timedelta(days=10))
    app = console(person(kind=SessionKind.BROWSER), OVERVIEW)
    app.query_params["days"] = days
    app.run()
    helps = {each.label: NOTE.format("ratings") in each.help for each in app.metric}
    assert [label for label, has in helps.items() if has] == ["Positive feedback"] * is_said
