"""Texts of users are only in responses to callers with permission; others get the figures of the
same rows.
"""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from core.database import settings
from core.database.db import transaction
from core.identity.schemas import Role, Scope
from core.platform import clock
from tests.api.conftest import Client
from tests.api.routes import described
from tests.factories.batches import ran
from tests.factories.history import events, requests
from tests.factories.identity import person
from tests.factories.keys import api_key, bearing

WORDS = "an unmistakable sentence"
AT = clock.now() - timedelta(hours=1)
SPAN = "days=2"
# Of every kind of row, where its words show to those who may read them.
SHOWN = (
    f"/admin/onboarding/events?{SPAN}",
    f"/admin/onboarding/events?{SPAN}&format=csv",
    f"/admin/onboarding/errors?{SPAN}",
    f"/admin/onboarding/stopped?{SPAN}&step=1",
    "/admin/users/u/journey",
    f"/admin/ai/requests?{SPAN}",
    f"/admin/ai/requests?{SPAN}&order=slowest",
    f"/admin/ai/requests?{SPAN}&format=csv",
    "/admin/ai/requests/r",
    f"/admin/ai/errors?{SPAN}",
    f"/admin/batch/history?{SPAN}",
    f"/admin/batch/history?{SPAN}&format=csv",
    "/admin/batch/history/run",
    f"/admin/overview/findings?{SPAN}",
)
OTHERS = [
    each.path for each in described() if each.method == "GET" and each.path.startswith("/admin/")
]


@pytest.fixture(autouse=True)
def rows(database: object) -> None:
    """Store a row of every kind with words in it."""
    event: dict[str, object] = {
        "user_id": "u",
        "created_at": AT,
        "event_data": {"note": WORDS},
        "error_message": WORDS,
    }
    events(event | {"event_type": "onboarding.register_start", "error_code": "e"})
    step = {
        "kind": "tool",
        "name": "look_up",
        "duration_ms": 3,
        "error": WORDS,
        "status": WORDS,
        "model": {"is": WORDS},
    }
    call = {"name": "look_up", "error": WORDS, "result": WORDS}
    failed: dict[str, object] = {
        "id": "r",
        "created_at": AT,
        "error_type": "timeout",
        "error_message": WORDS,
        "user_id": "u",
    }
    requests(
        failed
        | {"total_latency_ms": 9, "steps": [step], "tool_calls": [call], "extra": {"note": WORDS}}
    )
    for name in ("run", "another"):
        ran(
            AT,
            "failed",
            batch_run_id=name,
            phase_durations={"load": 5},
            error_summary=f"load: {WORDS}",
            attributes={"n": WORDS},
        )


def asker(client: Client, *, is_key: bool) -> httpx2.Client:
    if not is_key:
        return client(person(Role.ANALYST))
    found: httpx2.Client = client()
    found.headers.update(bearing(api_key(Scope.READ)))
    return found


@pytest.mark.parametrize("is_key", [False, True])
def test_no_answer_tells_those_who_see_figures_alone(client: Client, *, is_key: bool) -> None:
    one = asker(client, is_key=is_key)
    for path in SHOWN:
        answer = one.get(path)
        assert answer.status_code == 200, answer.text
        assert "unmistakable" not in answer.text, path
    for path in OTHERS:
        assert "unmistakable" not in one.get(path, params={"days": 2}).text, path


def test_readers_see_it_and_analysts_where_the_workspace_says_so(client: Client) -> None:
    admin, analyst = client(person(Role.ADMIN)), client(person(Role.ANALYST))
    with transaction() as session:
        settings.write(session, settings.Workspace(analysts_read_messages=True), by=None)
    for path in SHOWN:
        assert "unmistakable" in admin.get(path).text, path
        assert "unmistakable" in analyst.get(path).text, path


def test_the_figures_of_the_same_rows_stay(client: Client) -> None:
    one = client(person(Role.ANALYST))

    def got(path: str) -> Any:  # noqa: ANN401
        return one.get(path).raise_for_status().json()

    [error] = got(f"/admin/onboarding/errors?{SPAN}")["items"]
    assert (error["error_code"], error["count"], error["users"]) == ("e", 1, 1)
    request = got("/admin/ai/requests/r")
    assert (request["status"], request["error_type"], request["attributes"]) == (
        "error",
        "timeout",
        None,
    )
    assert request["steps"] == [
        {
            "kind": "tool",
            "name": "look_up",
            "duration_ms": 3,
            "error": True,
            "status": None,
            "model": None,
        }
    ]
    assert request["tool_calls"] == [{"name": "look_up", "error": True}]
    [kind] = got(f"/admin/ai/errors?{SPAN}")["types"]
    assert (kind["error_type"], kind["requests"], kind["message"]) == ("timeout", 1, None)
    run = got("/admin/batch/history/run")
    assert (run["status"], run["failed_phase"], run["error_summary"], run["attributes"]) == (
        "failed",
        "load",
        None,
        None,
    )
    finding = next(
        each for each in got(f"/admin/overview/findings?{SPAN}")["items"] if each["kind"] == "batch"
    )
    assert (finding["title"], finding["detail"]) == (
        "nightly failing in load: 2 of 2 runs",
        "last 2 runs in a row",
    )
