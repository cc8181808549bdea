"""The figures of saved views are those of their pages."""

from datetime import timedelta

import msgspec
import pytest

from core.database.db import Database, transaction
from core.errors import Invalid
from core.identity.schemas import Actor, Role
from core.insights.view_figures import period_of, read_figures
from core.knowledge.feedback import ingest as feedback
from core.knowledge.schemas import NewFeedback
from core.platform import clock
from core.presentation.comparison import Kpi
from core.presentation.periods import midnight
from core.saved_views.figures import FIGURES
from core.saved_views.schemas import ViewPage
from tests.factories import activity, ai_metrics, conversations
from tests.factories.identity import person


@pytest.fixture
def actor(database: object) -> Actor:
    return person(Role.ADMIN).actor


def figures(actor: Actor, page: ViewPage, **query: str) -> list[Kpi]:
    with transaction() as core, transaction(Database.AI) as ai:
        return read_figures(core, ai, page, query, period_of(query, "UTC"), actor=actor)


def main_figure(
    actor: Actor, page: ViewPage, **query: str
) -> tuple[str, float | None, float | None]:
    figure = figures(actor, page, **query)[0]
    return figure.label, figure.value, figure.before


def test_requests_are_counted_by_the_views_filters_and_period(actor: Actor) -> None:
    now = clock.now()
    ai_metrics.send(
        ai_metrics.request(now, status="error", app="web"),
        ai_metrics.request(now, status="ok", app="web"),
        ai_metrics.request(now, status="error", app="phone"),
        ai_metrics.request(now - timedelta(days=8), status="error", app="web"),
    )
    query = {"app": "web", "status": "error", "environment": "production"}
    assert main_figure(actor, ViewPage.AI_METRICS, days="7", **query) == ("Requests", 1, 1)
    assert main_figure(actor, ViewPage.AI_METRICS, days="30", **query) == ("Requests", 2, 0)


@pytest.mark.parametrize(
    ("query", "has_rate"),
    [
        ({}, True),
        ({"status": "error"}, False),
        ({"error_type": "timeout"}, False),
        ({"error_type": "(none)"}, True),
    ],
)
def test_requests_with_one_outcome_have_no_error_rate(
    actor: Actor, query: dict[str, str], has_rate: bool
) -> None:
    ai_metrics.send(ai_metrics.request(clock.now(), status="error", error_type="timeout"))
    names = [each.name for each in figures(actor, ViewPage.AI_METRICS, **query)]
    assert ("error_rate" in names) is has_rate


@pytest.mark.parametrize(("app", "count"), [("(none)", 1), ("", 3)])
def test_requests_without_an_app_are_counted_by_none_and_an_empty_app_is_no_filter(
    actor: Actor, app: str, count: int
) -> None:
    now = clock.now()
    ai_metrics.send(*(ai_metrics.request(now, app=name) for name in ("", "web", "phone")))
    assert main_figure(actor, ViewPage.AI_METRICS, app=app) == ("Requests", count, 0)


def test_users_are_counted_by_search_and_step(actor: Actor) -> None:
    start = clock.now() - timedelta(hours=1)
    for user, kinds in {"ann": 2, "anna": 1, "bob": 2}.items():
        steps = ["onboarding.register_start", "onboarding.register_complete"]
        activity.store(activity.spaced(steps[:kinds], user=user, start=start))
    assert main_figure(actor, ViewPage.USERS, q="ann") == ("Users", 2, None)
    assert main_figure(actor, ViewPage.USERS, q="ann", step="2") == ("Users", 1, None)


@pytest.mark.parametrize("step", ["99999999999", "100", "-1"])
def test_a_step_that_no_funnel_has_selects_nothing_as_on_the_page(actor: Actor, step: str) -> None:
    activity.store(activity.spaced(["app.open"], user="ann", start=clock.now()))
    assert main_figure(actor, ViewPage.USERS, step=step) == ("Users", 1, None)


def test_conversion_is_that_of_the_views_own_steps(actor: Actor) -> None:
    start = clock.now() - timedelta(days=3)
    for user, kinds in {"ann": 2, "bob": 1}.items():
        steps = ["user.signed_up", "plan.bought"]
        activity.store(activity.spaced(steps[:kinds], user=user, start=start))
    query = {"steps": "user.signed_up,plan.bought", "window_days": "1"}
    rate, started = figures(actor, ViewPage.ONBOARDING, **query)
    assert (rate.label, rate.value) == ("Conversion", 0.5)
    assert (started.label, started.value, started.before) == ("Started onboarding", 2, 0)


def test_conversations_are_counted_in_both_periods(actor: Actor) -> None:
    conversations.stored(conversations.conversation("a"), conversations.conversation("b"))
    first = conversations.START.date()
    for offset, counts in ((0, (2, 0)), (7, (0, 2))):
        start, end = (first + timedelta(days=offset + days) for days in (0, 7))
        span = {"start": start.isoformat(), "end": end.isoformat()}
        assert main_figure(actor, ViewPage.CONVERSATIONS, **span)[1:] == counts


@pytest.mark.parametrize("page", ViewPage)
def test_unknown_values_select_nothing_as_on_the_page(actor: Actor, page: ViewPage) -> None:
    names = ("status", "step", "rating", "kind", "annotated", "internal", "has", "type")
    query = {name: "nonsense" for name in names} | {"model_config": "x"}
    assert figures(actor, page, **query)[0].label == figures(actor, page)[0].label


def test_an_invalid_period_is_refused(actor: Actor) -> None:
    for query in ({"days": "many"}, {"start": "yesterday"}, {"end": "1900-01-01"}):
        with pytest.raises(Invalid):
            figures(actor, ViewPage.AI_METRICS, **query)


def test_days_that_have_ended_are_compared_with_as_many_before(actor: Actor) -> None:
    today = midnight(clock.now().date(), "UTC")
    # Of four days, two have ended; each day of the period before has a user, too
    for days in (1, 2, 3, 4, 5, 6):
        at = today - timedelta(days=days, hours=-1)
        activity.store(activity.spaced(["app.open"], user=f"user {days}", start=at))
    start, end = (today + timedelta(days=days) for days in (-2, 2))
    span = {"start": f"{start:%Y-%m-%d}", "end": f"{end:%Y-%m-%d}"}
    active, new = figures(actor, ViewPage.ENGAGEMENT, **span)
    assert (active.value, active.before) == (2, 2)
    assert (new.value, new.before) == (2, 2)


@pytest.mark.parametrize("page", ViewPage)
def test_the_figures_that_cards_offer_are_those_of_their_page(actor: Actor, page: ViewPage) -> None:
    assert {each.name: each.label for each in figures(actor, page)} == FIGURES[page]


def test_ratings_of_a_day_that_is_not_over_are_in_no_sparkline(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Beside whole days, the ratings of today always look like a fall
    monkeypatch.setattr(clock, "now", lambda: ai_metrics.START + timedelta(hours=9))
    rows = [
        {"rating": 1, "created_at": (clock.now() - timedelta(days=days)).isoformat()}
        for days in (0, 1, 1, 2)
    ]
    with transaction(Database.AI) as ai:
        feedback.store(ai, msgspec.convert(rows, list[NewFeedback]), conversations.SOURCE)
    found = {each.name: each for each in figures(actor, ViewPage.FEEDBACK, days="3")}
    assert (found["rated"].value, found["rated"].course) == (4, [1, 2])
    assert found["positive"].course == [1, 1]
