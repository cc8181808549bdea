"""Watch pages without a browser: the address decides what is shown; empty pages offer one
action.
"""

from datetime import datetime
from typing import Any

import pytest

from core.activity.queries.funnels.funnel import STEPS
from core.errors import Unavailable
from core.identity.schemas import Role, SessionKind
from core.platform import clock
from pages._ui import cache
from tests.factories import activity
from tests.factories.ai_metrics import request, send
from tests.factories.batches import ran
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
from tests.pages.watch.conftest import HOUR, opened, traffic


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
    assert "production is shown" in said(app)  # what another holds is not missing
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
