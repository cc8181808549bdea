"""A page, its CSV and the API return the same for one address: its filters mean the same to all
three.

The CSV is read from the page's own link; without `format=csv`, the same link is the API call.
"""

import re
from collections import Counter
from collections.abc import Callable
from math import inf
from typing import Any

import httpx2
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.activity.queries.funnels.funnel import STEPS
from core.identity.schemas import Role, SessionKind
from core.presentation import formatting
from core.presentation.formatting import FigureUnit
from pages.watch.batch_history import summary_tables
from pages.watch.users import user_list
from tests.api.conftest import Client
from tests.factories.identity import person
from tests.pages.conftest import (
    AI_METRICS,
    BATCH_HISTORY,
    ONBOARDING,
    OVERVIEW,
    USERS,
    Console,
    said,
)
from tests.watch import week
from tests.watch.conftest import hold_still
from tests.watch.shown import (
    Query,
    Row,
    cells,
    drawn,
    file_of,
    got,
    linked,
    same_as_file,
    same_kpis,
    table,
)
from tests.watch.week import ADDRESS, NEW_YORK

Open = Callable[..., AppTest]


@pytest.fixture(params=[NEW_YORK, pytest.param("UTC", marks=pytest.mark.prove)])
def door(
    client: Client, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> httpx2.Client:
    """Return an analyst's way to the API, after the week has come in."""
    analyst = person(Role.ANALYST)  # now: tokens run out by the clock on the wall
    hold_still(monkeypatch)
    week.arrive(request.param)
    return client(analyst, prefix="")


@pytest.fixture
def page(door: httpx2.Client, console: Console) -> Open:
    """Return how an analyst goes to an address of a page."""
    analyst = person(Role.ANALYST, kind=SessionKind.BROWSER)
    opened: dict[str, AppTest] = {}

    def go(path: str, query: Query) -> AppTest:
        if path not in opened:
            opened[path] = console(analyst, path)
        app = opened[path]
        app.query_params.clear()
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
        assert "Could not load" not in said(app)
        return app

    return go


OVERVIEWS: tuple[Query, ...] = (
    {},
    {"app": "web"},
    {"app": "phone"},
    {"environment": "staging"},
)


def test_the_overview(page: Open, door: httpx2.Client) -> None:
    for query in OVERVIEWS:
        asked = ADDRESS | query
        app = page(OVERVIEW, asked)
        same_kpis(app, got(door, "overview/tiles", asked)["items"])
        whole, funnel = got(door, "overview", asked), got(door, "onboarding/funnel", asked)
        named = {each["name"]: each for each in got(door, "overview/tiles", asked)["items"]}
        assert (named["users"]["value"], named["new_users"]["value"]) == (
            whole["users"]["active"],
            whole["users"]["new"],
        )
        assert (
            named["conversion"]["value"]
            == whole["onboarding"]["conversion"]
            == funnel["overall_conversion"]
        )
        assert named["feedback"]["value"] == whole["feedback"]["ratio"]
        assert (
            named["p95_latency"]["value"]
            == whole["ai"]["p95_latency_ms"]
            == got(door, "ai/metrics", asked)["p95_latency_ms"]
        )
        assert whole["batch"] == got(door, "batch/history", asked)["summary"]
        ways = [
            each.proto
            for each in app.get("page_link")
            if each.proto.page == "onboarding" and "step=" in each.proto.query_string
        ]
        assert [way.label.split("\u2002")[0] for way in ways] == [
            str(step["step"]) for step in funnel["steps"]
        ]
        counted = [
            found[1]
            for each in app.markdown
            if (found := re.match(r"\*\*([\d,]+)\*\*\u2002:(?:gray|orange)\[", each.value))
        ]
        assert counted == [f"{step['users']:,}" for step in funnel["steps"]]
        found = got(door, "ai/tokens", {**asked, "interval": "hour"})["series"]
        assert sum(
            sum(each or 0 for each in line) for line in drawn(app, "overview.requests", "Requests")
        ) == sum(each["total_requests"] for each in found)


OF_AI: tuple[Query, ...] = (
    {},
    {"model": "b"},
    {"app": "phone"},
    {"status": "error"},
    {"status": "pending"},
    {"error_type": "timeout"},
    {"user_id": "ann"},
    {"environment": "staging"},
    {"start": "2026-03-02T10:25:00Z", "end": "2026-03-04T12:15:00Z"},
)


def test_ai_metrics(page: Open, door: httpx2.Client) -> None:
    for query in OF_AI:
        asked = ADDRESS | query
        app = page(AI_METRICS, asked)
        same_kpis(app, got(door, "ai/tiles", asked)["items"])
        whole, models = got(door, "ai/metrics", asked), got(door, "ai/models", asked)["items"]
        rows, answer = linked(door, app)
        same_as_file(answer["items"], rows)
        assert (
            len(rows)
            == answer["total_count"]
            == whole["total_requests"]
            == sum(each["total_requests"] for each in models)
        )
        _models(table(app, "Model", "Provider"), models, file_of(door, "ai/models", asked))
        _requests(
            table(app, "Request", "Latency"),
            got(door, "ai/requests", asked | {"order": "slowest", "limit": "10"})["items"],
        )
        failed = got(door, "ai/errors", asked)
        kinds = table(app, "Type", "Sample")
        assert cells(kinds, "Type") == [
            each["error_type"] or "(no type)" for each in failed["types"]
        ]
        assert cells(kinds, "Requests") == [each["requests"] for each in failed["types"]]
        assert (
            failed["error_count"]
            == whole["error_count"]
            == sum(row["status"] == "error" for row in rows)
        )
        assert sum(float(row["cost_usd"] or 0) for row in rows) == pytest.approx(
            float(whole["cost_usd"])
        )
        assert sum(int(row["total_tokens"] or 0) for row in rows) == whole["total_tokens"]
        paid = [row for row in rows if row["status"] == "ok" or row["total_tokens"]]
        assert sum(not row["cost_usd"] for row in paid) == whole["unpriced_requests"]


def _known_cost(model: dict[str, Any]) -> float | None:
    """Return a model's cost; none where no request has a price."""
    return float(model["cost_usd"]) or (None if model["unpriced_requests"] else 0.0)


def _models(shown: pd.DataFrame, items: list[dict[str, Any]], rows: list[Row]) -> None:
    same_as_file(items, rows)
    assert cells(shown, "Model") == [each["model"] for each in items]
    assert cells(shown, "Requests") == [each["total_requests"] for each in items]
    assert cells(shown, "Tokens") == [each["total_tokens"] for each in items]
    assert cells(shown, "Cost") == [_known_cost(each) for each in items]
    assert cells(shown, "p95") == _durations([each["p95_latency_ms"] for each in items])
    assert cells(shown, "No price") == [each["unpriced_requests"] for each in items]
    rates = [each["error_rate"] for each in items]
    assert cells(shown, "Errors") == [None if each is None else each * 100 for each in rates]


def _requests(shown: pd.DataFrame, items: list[dict[str, Any]]) -> None:
    assert cells(shown, "Request") == [each["external_id"] for each in items]
    assert cells(shown, "Latency") == _durations([each["total_latency_ms"] for each in items])
    assert cells(shown, "Cost") == [
        None if each["cost_usd"] is None else float(each["cost_usd"]) for each in items
    ]
    assert [each.isoformat() for each in pd.to_datetime(cells(shown, "Time"), utc=True)] == [
        each["created_at"].replace("Z", "+00:00") for each in items
    ]


def _durations(shown_ms: list[int | None], *, minutes_from: float = inf) -> list[float | None]:
    """Return durations in the unit of their column, which the longest one decides."""
    longest = max((each or 0 for each in shown_ms), default=0)
    unit = 60_000 if longest >= minutes_from else 1000 if longest >= 1000 else 1
    return [None if each is None else each / unit for each in shown_ms]


OF_USERS: tuple[Query, ...] = (
    {},
    {"status": "stuck"},
    {"status": "dropped"},
    {"step": "2"},
    {"step": "0"},
    {"q": "a", "sort": "external_id"},
    {"app": "phone"},
    {"environment": "staging"},
    {"anonymous": "true"},
    {"anonymous": "true", "status": "stuck", "step": "1"},
)


def test_users(page: Open, door: httpx2.Client) -> None:
    for query in OF_USERS:
        app, is_anonymous = page(USERS, query), "anonymous" in query
        if is_anonymous:
            app.toggle(key="anonymous").set_value(True).run()
        rows, answer = linked(door, app)
        items = answer["items"]
        # A file of users goes by id: the order of the page changes while it is written.
        same_as_file(
            items if is_anonymous else sorted(items, key=lambda each: str(each["id"])), rows
        )
        what, name, field = (
            ("session", "Session", "session_id") if is_anonymous else ("user", "ID", "external_id")
        )
        shown = table(app, name, "Status", "Step")
        assert cells(shown, name) == [each[field] for each in items]
        assert cells(shown, "Step") == [each["step"] for each in items]
        assert cells(shown, "Status") == [[user_list.STATES[each["status"]]] for each in items]
        assert formatting.count(answer["total_count"], what) in said(app)
        assert answer["total_count"] == len(items) > 0
        if is_anonymous:
            assert cells(shown, "Events") == [each["events"] for each in items]
            assert cells(shown, "Errors") == [each["errors"] for each in items]


OF_ONBOARDING: tuple[Query, ...] = (
    {},
    {"app": "web", "step": "3"},
    {"environment": "staging"},
    {"user_id": "hal", "only_errors": "true"},
    {"any_order": "true", "step": "1"},
    {"window_days": "1", "step": "1"},
    {"steps": f"{STEPS[0]},{STEPS[1]}?,{STEPS[2]}|{STEPS[3]}", "step": "3"},
    {"error_code": "E1"},
    {"only_errors": "true", "start": "2026-03-03T09:00:00Z", "end": "2026-03-07T12:03:00Z"},
)


def test_onboarding(page: Open, door: httpx2.Client) -> None:
    for query in OF_ONBOARDING:
        asked = ADDRESS | query
        app = page(ONBOARDING, asked)
        funnel = got(door, "onboarding/funnel", asked)["steps"]
        if funnel[0]["users"]:
            rows, answer = linked(door, app)
            assert answer["steps"] == funnel
            same_as_file(funnel, rows)
            assert cells(table(app, "Step", "Users", "Median time"), "Users") == [
                each["users"] for each in funnel
            ]
        if "step" in query:
            rows, answer = linked(door, app, "Export users (CSV)")
            same_as_file(answer["items"], rows)
            who = [each["user"] or f"Anonymous ({each['session_id']})" for each in answer["items"]]
            assert cells(table(app, "User", "Reached this step"), "User") == who
        failed = got(
            door,
            "onboarding/errors",
            {
                name: value
                for name, value in asked.items()
                if name not in ("error_code", "only_errors")
            },
        )
        shown = table(page(ONBOARDING, asked | {"view": "errors"}), "Code", "Users", "Errors")
        for name, field in (("Users", "users"), ("Errors", "count")):
            assert cells(shown, name) == [each[field] for each in failed["items"]]
        assert cells(shown, "Code") == [each["error_code"] or "no code" for each in failed["items"]]
        by_day = got(door, "onboarding/daily", asked | {"limit": "200"})["items"]
        app = page(ONBOARDING, asked | {"view": "events"})
        types = table(app, "Type", "Events", "Over time")
        for name, field in (("Events", "events"), ("Errors", "errors")):
            counted = Counter[str]()
            for each in by_day:
                counted[each["event_type"]] += each[field]
            assert dict(zip(types["Type"], types[name], strict=True)) == counted
        assert sum(each["errors"] for each in by_day) == sum(
            each["count"] for each in failed["items"]
        )
        same_as_file(by_day, file_of(door, "onboarding/daily", asked))
        rows, answer = linked(door, app, "Export CSV")
        same_as_file(answer["items"], rows)
        listed = table(app, "Time", "Type", "Session")
        assert (
            cells(listed, "Type") == [each["event_type"] for each in answer["items"]][: len(listed)]
        )
        assert len(listed) == min(len(rows), 12)


OF_RUNS: tuple[Query, ...] = (
    {},
    {"job": "nightly"},
    {"status": "failed"},
    {"status": "running"},
    {"job": "hourly", "environment": "production"},
)


def test_batch_history(page: Open, door: httpx2.Client) -> None:
    for query in OF_RUNS:
        asked = ADDRESS | query
        app = page(BATCH_HISTORY, asked)
        rows, answer = linked(door, app)
        same_as_file(answer["items"], rows)
        assert (
            len(rows)
            == answer["total_count"]
            == answer["summary"]["runs"]
            == sum(day["runs"] for day in answer["series"])
        )
        shown = {each.label: each.value for each in app.metric}
        assert shown["Runs"] == str(len(rows))
        assert shown["Median duration"] == formatting.figure(
            answer["summary"]["p50_duration_ms"], FigureUnit.DURATION
        )
        if "status" not in query:
            summary = answer["summary"]
            assert shown["Success rate"] == formatting.share(summary["success_rate"])
            assert shown["Failed, partial or lost"] == str(
                summary["failed"] + summary["partial"] + summary["lost"]
            )
        runs, jobs = table(app, "Run", "Duration"), table(app, "Batch job", "95% interval")
        assert cells(runs, "Run") == [each["batch_run_id"] for each in answer["items"]]
        assert cells(runs, "Status") == [
            [summary_tables.STATES[each["status"]]] for each in answer["items"]
        ]
        took = [each["duration_ms"] for each in answer["items"]]
        assert cells(runs, "Duration") == _durations(took, minutes_from=90_000)
        assert cells(jobs, "Batch job") == [each["batch_job"] for each in answer["jobs"]]
        assert cells(jobs, "Runs") == [each["runs"] for each in answer["jobs"]]


def test_one_user(page: Open, door: httpx2.Client) -> None:
    for name in ("bob", "hal"):
        user, journey = got(door, f"users/{name}", {}), got(door, f"users/{name}/journey", {})
        assert user["events"] == journey["total_count"] == len(journey["items"])
        assert user["errors"] == sum(each["is_error"] for each in journey["items"])
        shown = said(page(USERS, {"user": name}))
        assert (
            f"{formatting.count(user['events'], 'event')} · "
            f"{formatting.count(user['errors'], 'error')}"
        ) in shown
