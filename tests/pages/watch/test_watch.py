"""Overview and AI metrics without a browser: the address decides what is shown; empty pages offer
one action.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.activity.queries.funnels.funnel import STEPS
from core.errors import Unavailable
from core.identity.schemas import Role, SessionKind
from core.platform import clock
from pages._ui import cache
from tests.factories import activity
from tests.factories.ai_metrics import fold, request, send
from tests.factories.annotations import waiting
from tests.factories.batches import ran
from tests.factories.history import rated
from tests.factories.identity import Person, person
from tests.pages.conftest import (
    AI_METRICS,
    BATCH_HISTORY,
    ONBOARDING,
    OVERVIEW,
    USERS,
    Console,
    said,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def analyst(runner: object) -> Person:
    return person(Role.ANALYST, kind=SessionKind.BROWSER)


def traffic() -> None:
    now = clock.now()
    send(
        *(
            request(
                now - number * HOUR,
                id=f"r{number}",
                model="large" if number % 3 else "small",
                release="2" if number < 40 else "1",
                total_latency_ms=1000 + number,
                first_token_ms=200,
                input_tokens=100,
                cached_tokens=30,
                output_tokens=20,
                cost_usd=Decimal("0.01"),
                **({"status": "error", "error_type": "timeout"} if number % 20 == 0 else {}),
                tool_calls=[{"name": "search", "duration_ms": 40}],
                steps=[
                    {"name": "search", "start_ms": 5, "duration_ms": 40},
                    {"name": "write", "start_ms": 50, "error": "no"},
                ],
            )
            for number in range(1, 120)
        )
    )
    fold()


def opened(console: Console, one: Person, page: str, **query: str) -> AppTest:
    app = console(one, page)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


@pytest.mark.parametrize(
    ("page", "what"),
    [
        (OVERVIEW, "No events or AI requests in this period"),
        (AI_METRICS, "No AI requests in this period"),
        (USERS, "No users yet"),
    ],
)
def test_an_empty_page_says_what_fills_it(
    console: Console, analyst: Person, page: str, what: str
) -> None:
    app = opened(console, analyst, page)
    assert not app.exception
    assert what in said(app)
    assert not app.metric
    assert "No findings" not in said(app)


@pytest.mark.parametrize("page", [OVERVIEW, AI_METRICS])
def test_no_error_goes_unsaid_with_data(console: Console, analyst: Person, page: str) -> None:
    traffic()
    ran(clock.now() - HOUR, "failed")
    app = opened(console, analyst, page)
    assert not app.exception
    assert any(each.proto.component_name == "attune_chart" for each in app.get("bidi_component"))
    assert "updated" in said(app)
    assert {metric.label for metric in app.metric} >= {"p95 latency", "Error rate", "Cost"}


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


def test_the_address_filters_and_a_filter_changes_the_address(
    console: Console, analyst: Person
) -> None:
    traffic()
    app = opened(console, analyst, AI_METRICS, model="small", days="30")
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Requests"] == "39"
    assert "Filtered by model small" in said(app)
    app.selectbox(key="ai-metrics.model").set_value("large").run()
    assert (app.query_params["model"], app.query_params["days"]) == ("large", "30")
    assert {metric.label: metric.value for metric in app.metric}["Requests"] == "80"
    next(button for button in app.button if button.label == "Clear filters").click().run()
    assert "model" not in app.query_params
    assert {metric.label: metric.value for metric in app.metric}["Requests"] == "119"


def test_what_is_entered_before_the_address_has_followed_stays(
    console: Console, analyst: Person
) -> None:
    app = opened(console, analyst, USERS)
    app.text_input(key="users.q").set_value("ann").run()
    assert app.query_params["q"] == "ann"
    del app.query_params["q"]  # as the browser had it, before that answer came
    app.text_input(key="users.q").set_value("bea").run()
    assert app.query_params["q"] == "bea"
    app.query_params["q"] = "ann"  # and back in its history
    app.run()
    assert app.text_input(key="users.q").value == "ann"


def test_a_range_of_hours_is_a_period(console: Console, analyst: Person) -> None:
    traffic()
    now = clock.now()
    start, end = now - 5 * HOUR, now - 2 * HOUR
    app = opened(console, analyst, AI_METRICS, start=start.isoformat(), end=end.isoformat())
    assert {metric.label: metric.value for metric in app.metric}["Requests"] == "3"
    assert app.query_params["start"] == start.isoformat()


@pytest.mark.parametrize(
    "query",
    [
        {"days": "0"},
        {"days": "many"},
        {"days": "²"},
        {"days": "9" * 5000},
        {"start": "yesterday"},
        {"start": "2026-05-02", "end": "2026-05-01"},
    ],
)
def test_a_period_that_is_none_is_refused_in_words(
    console: Console, analyst: Person, query: dict[str, str]
) -> None:
    app = opened(console, analyst, AI_METRICS, **query)
    assert not app.exception
    assert "Invalid date range" in said(app)
    next(button for button in app.button if button.label == "Show last 7 days").click().run()
    assert "cannot be shown" not in said(app)
    assert app.query_params == {}


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


def test_events_show_their_data_as_it_was_sent_and_no_column_that_is_empty(
    console: Console,
) -> None:
    activity.store(
        [
            activity.event(
                STEPS[0], clock.now() - HOUR, user_id="ann", event_data={"paid": True, "via": "Zoë"}
            )
        ]
    )
    activity.fold()
    admin = person(Role.ADMIN, kind=SessionKind.BROWSER)
    events = next(
        table.value
        for table in opened(console, admin, ONBOARDING, view="events").dataframe
        if "Data" in table.value
    )
    assert list(events["Data"]) == ['{"via": "Zoë", "paid": true}']
    assert "Error" not in events


@pytest.mark.parametrize(
    "query", [{"status": "odd"}, {"model": "*nobody*"}, {"environment": "<b>"}, {"release": "$x$"}]
)
def test_filters_that_match_nothing_offer_to_be_cleared(
    console: Console, analyst: Person, query: dict[str, str]
) -> None:
    traffic()
    app = opened(console, analyst, AI_METRICS, **query)
    assert not app.exception
    if "status" not in query:
        assert "No AI requests match" in said(app)
        assert "Choose a longer period, or change the filters." in said(app)


@pytest.mark.parametrize(
    ("page", "query", "reader", "what", "remains"),
    [
        (
            OVERVIEW,
            {},
            "core.insights.findings.recent_findings",
            "needs attention",
            "**Quick links**",
        ),
        (OVERVIEW, {}, "core.insights.kpis.overview_kpis", "key metrics", "**Latency**"),
        (OVERVIEW, {}, "core.ai_metrics.queries.series.latency", "charts", "**Batch runs**"),
        (AI_METRICS, {}, "core.ai_metrics.queries.series.latency", "charts", "**Models**"),
        (
            AI_METRICS,
            {},
            "core.ai_metrics.queries.requests.request_lists.list_first",
            "requests",
            "**Latency**",
        ),
        (
            ONBOARDING,
            {"view": "events"},
            "core.activity.queries.errors.error_codes.list_errors",
            "events",
            "**Event types**",
        ),
        (
            ONBOARDING,
            {"view": "trends"},
            "core.activity.queries.funnels.conversion_trend.read_conversion_trend",
            "conversion charts",
            "Conversion by first-step date",
        ),
        (BATCH_HISTORY, {}, "core.batches.queries.batch_runs.failures", "failures", "**Runs**"),
    ],
)
def test_a_part_that_takes_too_long_says_so_and_the_others_remain(
    console: Console,
    analyst: Person,
    monkeypatch: pytest.MonkeyPatch,
    page: str,
    query: dict[str, str],
    reader: str,
    what: str,
    remains: str,
) -> None:
    traffic()
    activity.store([activity.event(STEPS[0], clock.now() - HOUR, user_id="ann")])
    activity.fold()
    ran(clock.now() - HOUR, "failed")
    read = cache._read  # noqa: SLF001  where the database is asked

    def slow(question: cache.ReaderQuestion, *asked: Any) -> tuple[Any, datetime]:  # noqa: ANN401
        if question.reader == reader:
            raise Unavailable
        return read(question, *asked)

    monkeypatch.setattr(cache, "_read", slow)
    words = said(opened(console, analyst, page, **query))
    assert words.count("Could not load") == 1
    assert f"Could not load {what}" in words
    assert remains in words
    assert "updated" in words


def test_a_request_is_shown_with_its_steps(console: Console, analyst: Person) -> None:
    traffic()
    app = opened(console, analyst, AI_METRICS, request="r5")
    assert "first token 200 ms" in said(app)
    app = opened(console, analyst, AI_METRICS, request="nobody's")
    assert "Request not found" in said(app)


def test_requests_without_a_latency_are_requests_on_the_overview_too(
    console: Console, analyst: Person
) -> None:
    send(*(request(clock.now() - HOUR, id=name, total_latency_ms=None) for name in "ab"))
    app = opened(console, analyst, OVERVIEW)
    assert "No AI requests in this period" not in said(app)
    assert "**Requests**" in said(app)


def test_the_requests_of_a_tool_are_shown_alone(console: Console, analyst: Person) -> None:
    send(
        *(
            request(clock.now() - HOUR, id=name, total_latency_ms=5, tool_calls=[{"name": name}])
            for name in ("search", "refund", "refund2")
        )
    )
    app = opened(console, analyst, AI_METRICS, tool="refund")
    assert not app.exception
    assert "Filtered by tool refund" in said(app)
    assert app.metric[0].value == "1"
    assert [list(each.value["Request"]) for each in app.dataframe if "Request" in each.value] == [
        ["refund"]
    ]


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


def test_prompt_versions_stand_side_by_side_where_there_are_any(
    console: Console, analyst: Person
) -> None:
    send(request(clock.now() - HOUR, id="a"))
    assert "By prompt version" not in said(opened(console, analyst, AI_METRICS))
    cache.forget()
    seven = {"prompt_name": "support", "prompt_version": "7", "total_latency_ms": 900}
    send(*(request(clock.now() - HOUR, id=f"b{number}", **seven) for number in range(12)))
    app = opened(console, analyst, AI_METRICS)
    assert not app.exception
    [table] = [each.value for each in app.dataframe if "Prompt version" in each.value]
    assert list(table["Prompt version"]) == ["support@7", "(none)"]
    assert list(table["Errors"]) == ["0.0% (0.0 to 24.2)", "0 of 1"]
    app = opened(console, analyst, AI_METRICS, prompt_version="support@7")
    assert "Filtered by prompt version support@7" in said(app)
    assert app.metric[0].value == "12"
