"""Any funnel over HTTP: comparison, trend, drop-offs, and errors of anonymous sessions."""

import csv
import io
from datetime import timedelta

import pytest

from core.activity.ingest import users
from core.activity.queries.funnels.funnel import STEPS
from core.activity.schemas import NewUser
from core.conversations.ingest import conversations
from core.conversations.schemas import NewConversation
from core.database.db import transaction
from core.identity.schemas import Role
from core.ingest.rows import RowSource
from core.platform import clock
from tests.api.conftest import Client
from tests.factories.activity import event, spaced, store
from tests.factories.identity import person

NOW = clock.now().replace(microsecond=0)
YESTERDAY = NOW - timedelta(days=1)
SOON = timedelta(minutes=2)


def test_who_stopped_has_a_last_error_and_a_last_conversation(client: Client) -> None:
    store(spaced(STEPS[:2], user="ann", start=YESTERDAY))
    failed = {"error_code": "E1", "error_message": "no"}
    store([event("onboarding.login_error", YESTERDAY + SOON, user_id="ann", **failed)])
    store(
        [
            event(STEPS[0], YESTERDAY + SOON, session_id="s"),
            event("onboarding.register_error", NOW - SOON, session_id="s"),
        ]
    )
    store(spaced(STEPS[:3], user="bea", start=YESTERDAY))
    with transaction() as session:
        users.store(
            session, [NewUser(id="ann", email="ann@example.com")], RowSource("production", "UTC")
        )
        talk = NewConversation(id="talk", user_id="ann", created_at=YESTERDAY)
        conversations.store(session, [talk], RowSource("production", "UTC"))
    ask = client(person(Role.ADMIN))
    second = ask.get("/admin/onboarding/stopped", params={"step": 2}).json()
    assert second["total_count"] == 1
    [ann] = second["items"]
    assert (ann["user"], ann["email"], ann["error_code"], ann["error_message"]) == (
        "ann",
        "ann@example.com",
        "E1",
        "no",
    )
    assert ann["conversation_id"] is not None
    first = ask.get("/admin/onboarding/stopped").json()
    [nameless] = first["items"]
    assert (nameless["user"], nameless["session_id"], nameless["error_event_type"]) == (
        None,
        "s",
        "onboarding.register_error",
    )
    funnel = ask.get("/admin/onboarding/funnel").json()["steps"]
    for step in range(1, 5):
        total = ask.get("/admin/onboarding/stopped", params={"step": step}).json()["total_count"]
        assert total == funnel[step - 1]["users"] - funnel[step]["users"]
    assert ask.get("/admin/onboarding/stopped", params={"step": 6}).status_code == 422
    rows = list(
        csv.DictReader(
            io.StringIO(
                ask.get("/admin/onboarding/stopped", params={"step": 2, "format": "csv"}).text
            )
        )
    )
    assert [row["user"] for row in rows] == ["ann"]


def test_who_stopped_is_paged_and_right_for_other_funnels_and_several_apps(client: Client) -> None:
    store(
        each
        for number in range(5)
        for each in spaced(STEPS[:2], user=f"u{number}", start=YESTERDAY - number * SOON)
    )
    both = spaced(STEPS[:3], user="both", start=YESTERDAY)
    for each in both[2:]:
        each.app = "phone"
    store(both)
    ask = client(person())
    for more in ({}, {"any_order": "true"}, {"window_days": 3}):
        page = ask.get(
            "/admin/onboarding/stopped", params={"step": 2, "limit": 2, "offset": 2, **more}
        ).json()
        assert (page["total_count"], [each["user"] for each in page["items"]]) == (5, ["u2", "u3"])
        assert (
            ask.get("/admin/onboarding/stopped", params={"step": 3, **more}).json()["total_count"]
            == 1
        )
        course = ask.get("/admin/onboarding/course", params=more).json()
        assert (course["users"], course["completed"]) == (6, 0)
        assert ask.get("/admin/onboarding/stays", params=more).json()["users"] == 6


def test_errors_without_a_name_are_of_the_user_whose_session_it_was(client: Client) -> None:
    store([event("onboarding.register_error", YESTERDAY, session_id="s", error_code="E9")])
    store([event("onboarding.register_complete", YESTERDAY + SOON, session_id="s", user_id="ann")])
    store([event("onboarding.register_error", YESTERDAY, session_id="t", error_code="E9")])
    store([event("import.step_error", YESTERDAY, user_id="bea", error_code="E8")])
    store(
        [
            event("import.step_success", YESTERDAY + SOON, user_id="bea"),
            event("import.step_error", YESTERDAY, id="nobody"),
        ]
    )
    found = client(person()).get("/admin/onboarding/errors").json()["items"]
    known = {
        each["error_code"]: (
            each["count"],
            each["users"],
            each["later_successes"],
            each["later_share"],
        )
        for each in found
    }
    assert known == {"E9": (2, 2, 1, 0.5), "E8": (1, 1, 1, 1.0), "": (1, 0, 0, None)}
    assert not any(each["is_sampled"] for each in found)


def test_errors_without_a_code_can_be_asked_for(client: Client) -> None:
    store(
        [
            event("import.step_error", YESTERDAY, error_code="E8"),
            event("import.step_error", YESTERDAY + SOON, id="bare"),
        ]
    )
    store([event("import.begin", YESTERDAY, id="well")])
    ask = client(person())

    def found(**query: str) -> list[str]:
        items = ask.get(
            "/admin/onboarding/events", params={"error_code": "(none)", **query}
        ).json()["items"]
        return [each["event_type"] for each in items]

    assert found() == ["import.step_error", "import.begin"]
    assert found(only_errors="true") == ["import.step_error"]


def test_a_comparison_and_its_words(client: Client) -> None:
    began = YESTERDAY - timedelta(days=2)
    store(
        each
        for number in range(20)
        for each in spaced(STEPS[: 2 if number % 2 else 5], user=f"u{number}", start=began)
    )
    ask = client(person())
    answer = ask.get("/admin/onboarding/comparison").json()
    assert (answer["name"], answer["other_name"]) == ("This period", "Previous period")
    assert answer["steps"][4]["from_start"]["verdict"] == "unknown"
    one, whole = answer["one"], ask.get("/admin/onboarding/funnel").json()
    assert (
        [step["users"] for step in one["steps"]]
        == [step["users"] for step in whole["steps"]]
        == [20, 20, 10, 10, 10]
    )
    assert (one["start"], one["window_days"], whole["window_days"]) == (whole["start"], 1, 30)
    assert one["end"] < whole["end"]  # without those who have had less than a day
    assert (
        ask.get("/admin/onboarding/comparison", params={"against": "nonsense"}).status_code == 422
    )
    assert ask.get("/admin/onboarding/funnel", params={"segment": "nonsense"}).status_code == 422


@pytest.mark.parametrize("path", ["funnel", "course"])
def test_a_file_holds_what_the_answer_says(client: Client, path: str) -> None:
    store(
        each
        for number in range(20)
        for each in spaced(STEPS[: 1 + number % 5], user=f"u{number}", start=YESTERDAY)
    )
    ask = client(person())
    answer = ask.get(f"/admin/onboarding/{path}").json()
    rows = list(
        csv.DictReader(
            io.StringIO(ask.get(f"/admin/onboarding/{path}", params={"format": "csv"}).text)
        )
    )
    items = answer["steps"] if path == "funnel" else answer["days"]
    assert [int(row["users"]) for row in rows] == [each["users"] for each in items]
    assert all(
        row[name] == ("" if value is None else str(value))
        for row, each in zip(rows, items, strict=True)
        for name, value in each.items()
        if not isinstance(value, dict)
    )
