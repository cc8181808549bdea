"""The Overview without a browser: findings, key figures and reviews, each leading where it is
explained.
"""

from datetime import timedelta

import pytest

from core.activity.queries.funnels.funnel import STEPS
from core.identity.schemas import Role, SessionKind
from core.platform import clock
from tests.factories import activity
from tests.factories.ai_metrics import fold, request, send
from tests.factories.annotations import waiting
from tests.factories.batches import ran
from tests.factories.history import rated
from tests.factories.identity import Person, person
from tests.pages.conftest import OVERVIEW, Console, said
from tests.pages.watch.conftest import HOUR, opened, traffic


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN])
def test_the_overview_says_how_many_reviews_wait_and_leads_who_may_review_there(
    console: Console, runner: object, role: Role
) -> None:
    traffic()
    waiting(3)
    app = opened(console, person(role, kind=SessionKind.BROWSER), OVERVIEW)
    links = {link.proto.label: link.proto.query_string for link in app.get("page_link")}
    told = "3 messages to review"
    assert told in said(app) or told in links
    assert links.get(told) == ("view=queue" if role is Role.ADMIN else None)


def test_the_overview_of_a_release_shows_its_onboarding(console: Console, analyst: Person) -> None:
    begun = clock.now() - HOUR
    activity.store(
        activity.event(STEPS[0], begun, user_id=f"u{release}", release=f"{release}.0")
        for release in (1, 2)
    )
    app = opened(console, analyst, OVERVIEW, release="2.0")
    assert "users who started in this period" in said(app)


def test_findings_are_the_same_whatever_the_period(console: Console, analyst: Person) -> None:
    for age in range(10, 14):
        ran(clock.now() - age * 24 * HOUR, "failed", job="nightly")
    traffic()
    for days in ("1", "7", "30"):
        words = said(opened(console, analyst, OVERVIEW, days=days)).replace("\\", "")
        assert "nightly failing" in words
        assert "1 finding in the last 30 days" in words


def test_requests_without_a_latency_are_requests_on_the_overview_too(
    console: Console, analyst: Person
) -> None:
    send(*(request(clock.now() - HOUR, id=name, total_latency_ms=None) for name in "ab"))
    app = opened(console, analyst, OVERVIEW)
    assert "No AI requests in this period" not in said(app)
    assert "**Requests**" in said(app)


def test_each_step_of_onboarding_leads_to_who_stopped_there_in_the_same_days(
    console: Console, analyst: Person
) -> None:
    activity.store(activity.spaced(STEPS[:2], user="ann", start=clock.now() - HOUR))
    app = opened(console, analyst, OVERVIEW, days="30")
    links = [each.proto for each in app.get("page_link")]
    [first] = [each for each in links if each.label.startswith("1\u2002")]
    assert first.page == "onboarding"
    assert first.query_string == "step=1&days=30"


def test_each_figure_of_the_overview_leads_to_the_page_that_explains_it(
    console: Console, analyst: Person, runner: object
) -> None:
    at = clock.now() - HOUR
    activity.store(activity.spaced(STEPS, user="ann", start=at))
    send(request(at, total_latency_ms=900))
    fold()
    app = opened(console, analyst, OVERVIEW, days="30")
    links = {each.proto.label: each.proto for each in app.get("page_link")}
    assert {
        label: (links[label].page, links[label].query_string)
        for label in links
        if label.startswith(("View ", "Compare "))
    } == {
        "View active users": ("engagement", "days=30"),
        "View new users": ("engagement", "days=30"),
        "Compare steps": ("onboarding", "against=previous&days=30"),
        "View latency": ("ai-metrics", "measure=latency&days=30"),
        "View error rate": ("ai-metrics", "measure=error_rate&days=30"),
        "View cost": ("ai-metrics", "measure=cost&days=30"),
    }


@pytest.mark.parametrize(("role", "leads"), [(Role.ADMIN, True), (Role.ANALYST, False)])
def test_the_overview_leads_to_conversations_who_may_read_them(
    console: Console, runner: object, role: Role, leads: bool
) -> None:
    at = clock.now() - HOUR
    send(request(at))
    fold()
    rated(-1, "thumbs", at)
    app = opened(console, person(role, kind=SessionKind.BROWSER), OVERVIEW, days="30")
    links = {each.proto.label: each.proto for each in app.get("page_link")}
    queries = {
        "View negative conversations": "view=conversations&rating=negative&days=30",
        "Latest conversations": "view=conversations",
    }
    assert {name: links[name].query_string for name in queries if name in links} == (
        queries if leads else {}
    )


def test_the_onboarding_of_a_release_leads_to_the_funnel_of_that_release(
    console: Console, analyst: Person
) -> None:
    at = clock.now() - HOUR
    activity.store(activity.event(step, at, user_id="ann", release="2.0") for step in STEPS)
    app = opened(console, analyst, OVERVIEW, release="2.0")
    links = [each.proto for each in app.get("page_link") if each.proto.page == "onboarding"]
    assert len(links) > 1
    assert all("release=2.0" in each.query_string for each in links)


def test_a_batch_run_that_is_clicked_is_opened_on_its_page(
    console: Console, analyst: Person
) -> None:
    run = ran(clock.now() - HOUR, "failed", error_summary="no disk left")
    app = opened(console, analyst, OVERVIEW)
    app.session_state["console.way"] = ("batch-history", {"run": run})
    app.run()
    assert not app.exception
    assert [each.value for each in app.title] == ["Batch history"]
    assert app.query_params["run"] == run


def test_what_needs_attention_is_said(console: Console, analyst: Person) -> None:
    for number in range(3):
        ran(clock.now() - number * timedelta(days=1), "failed", job="nightly")
    assert "nightly failing: 3 of 3 runs" in said(opened(console, analyst, OVERVIEW)).replace(
        "\\", ""
    )


def test_what_a_role_may_not_open_is_said_without_a_way_there(
    console: Console, analyst: Person
) -> None:
    send(
        request(
            clock.now() - HOUR,
            id="unpriced",
            model="nobody-knows",
            input_tokens=10,
            output_tokens=5,
            cost_usd=None,
        )
    )
    fold()
    words = said(opened(console, analyst, OVERVIEW))
    assert "without a price" in words
    assert "Could not load" not in words
    assert "Something went wrong" not in words
    admin = person(Role.ADMIN, kind=SessionKind.BROWSER)
    assert "Show evidence" in [
        link.proto.label for link in opened(console, admin, OVERVIEW).get("page_link")
    ]
