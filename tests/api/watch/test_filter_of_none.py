"""The app or release `(none)` selects the rows without one in every list and figure."""

from datetime import timedelta
from typing import Any

import pytest

from core.activity.queries.funnels.funnel import STEPS
from core.identity.schemas import Role
from core.platform import clock
from tests.api.conftest import Client
from tests.api.watch.conftest import got
from tests.factories import activity
from tests.factories.activity import event, store
from tests.factories.batches import ran
from tests.factories.history import rated
from tests.factories.identity import person

YESTERDAY = clock.now().replace(microsecond=0) - timedelta(days=1)
NAMED = {"app": "web", "release": "2"}


def sent(name: str) -> None:
    """Store events of ann, without an app or release, and of bob, with both but for `name`'s."""
    for user, fields in {"ann": {}, "bob": {name: NAMED[name]}}.items():
        store(
            event(kind, YESTERDAY, user_id=user, error_code=code, **fields)
            for kind, code in ((STEPS[0], None), ("import.step_error", "E1"))
        )


@pytest.fixture(params=[True, False], ids=["folded", "fresh"])
def is_folded(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.mark.parametrize("name", list(NAMED))
def test_events_and_users_without_a_value_are_those_of_none(
    client: Client, name: str, is_folded: bool
) -> None:
    sent(name)
    if is_folded:
        activity.fold()
    analyst = client(person(Role.ANALYST))

    def ask(path: str, **more: str) -> Any:  # noqa: ANN401  an answer of any route
        return got(analyst, f"/admin/{path}", **{name: "(none)", "days": "7"}, **more)

    assert len(ask("onboarding/events")["items"]) == 2
    assert sum(day["events"] for day in ask("onboarding/daily")["items"]) == 2
    assert [group["users"] for group in ask("onboarding/errors")["items"]] == [1]
    assert ask("onboarding/funnel")["steps"][0]["users"] == 1
    assert [user["external_id"] for user in ask("users")["items"]] == ["ann"]
    overview = ask("overview")
    assert overview["users"]["active"] == 1
    started = overview["onboarding"] and overview["onboarding"]["started"]
    assert started == {"app": 1, "release": None}[name]  # users are counted by named releases only


def test_active_users_without_an_app_are_those_of_none(client: Client) -> None:
    sent("app")
    analyst = client(person(Role.ANALYST))
    found = got(analyst, "/admin/onboarding/active-users", app="(none)", days="7")
    assert sum(row["users"] for row in found["items"]) == 1


def test_users_without_a_release_are_counted_by_no_stored_rows(client: Client) -> None:
    sent("release")
    refused = client(person(Role.ANALYST)).get(
        "/admin/onboarding/active-users", params={"release": "(none)"}
    )
    assert refused.status_code == 422


def test_runs_and_feedback_without_an_app_are_those_of_none(client: Client) -> None:
    ran(YESTERDAY, job="plain")
    ran(YESTERDAY, job="web", app="web")
    rated(1, "thumbs", YESTERDAY)
    reader = client(person(Role.ADMIN))
    runs = got(reader, "/admin/batch/history", app="(none)")["items"]
    assert [run["batch_job"] for run in runs] == ["plain"]
    assert got(reader, "/admin/ai/knowledge/feedback", app="(none)", days="7")["total_count"] == 1
    assert got(reader, "/admin/overview", app="(none)", days="7")["feedback"]["rated"] == 1


def test_an_export_is_recorded_with_the_filter_that_was_given(client: Client) -> None:
    admin = client(person(Role.SUPER_ADMIN))
    export = admin.get("/admin/ai/scores", params={"app": "(none)", "format": "csv"})
    assert export.status_code == 200
    entries = got(admin, "/admin/audit", action="scores.export")["items"]
    assert entries[0]["targets"]["app"] == "(none)"
