"""Derived data can be computed again from raw rows, and every difference is found."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from core.activity import jobs as activity
from core.ai_metrics import jobs as ai_metrics
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.system.service import retention
from core.system.service.verification import verify
from tests.factories.history import days_ago, events, requests, scored
from tests.factories.imports import send

TABLES = [
    "event_rollups (half hours)",
    "event_rollups (days)",
    "ai_request_rollups (half hours)",
    "ai_request_rollups (days)",
    "ai_request_rollups (*)",
    "ai_dimension_rollups (half hours)",
    "ai_dimension_rollups (days)",
    "ai_dimension_rollups (*)",
    "tool_rollups (half hours)",
    "tool_rollups (days)",
    "tool_dimension_rollups (half hours)",
    "tool_dimension_rollups (days)",
    "tool_dimension_rollups (*)",
    "user_days",
    "user_spans",
    "user_day_counts",
    "user_week_counts",
    "funnel_parts",
    "subjects",
    "subjects (all apps)",
    "event_apps",
    "message_scores",
]


def a_month() -> None:
    """Store rows of many kinds, in batches, some twice, some folded and some not."""
    for number in range(3):
        events(*(an_event(number * 7 + each) for each in range(12)))
        requests(*(a_request(number * 5 + each) for each in range(9)))
        if number == 1:
            fold()
    scored("c", 1, days_ago(3), ai_request_id="3")


def fold() -> None:
    """Fold what waits."""
    activity.fold(0)
    ai_metrics.fold(0)


def an_event(number: int) -> dict[str, object]:
    """Return an event of a few users and sessions, over four weeks."""
    kinds = (
        "onboarding.register_start",
        "onboarding.register_complete",
        "chat.session_start",
        "page.view",
    )
    named: dict[str, object] = {"user_id": f"u{number % 3}"} if number % 2 else {}
    at = days_ago(29 - number)
    return {
        "id": str(number),
        "event_type": kinds[number % 4],
        "session_id": f"s{number % 5}",
        "release": f"1.{number % 3}",
        "created_at": at,
        **named,
    }


def a_request(number: int) -> dict[str, object]:
    """Return a request of a few models and users, with a tool now and then."""
    tools = [{"name": "search", "duration_ms": 10 * number}] if number % 3 == 0 else None
    at = days_ago(20 - number) + timedelta(minutes=31 * number)
    return {
        "id": str(number),
        "model": f"m{number % 2}",
        "user_id": f"u{number % 4}",
        "created_at": at,
        "total_latency_ms": 100 * number,
        "input_tokens": number,
        "tool_calls": tools,
        "release": f"1.{number % 3}",
        "error_type": "timeout" if number % 4 == 0 else None,
    }


def different() -> dict[str, int]:
    """Return how many rows differ, by table, where any do."""
    found = verify.verify()
    return {check.table: check.differences for check in found if check.differences}


def change(statement: str) -> None:
    """Do harm behind the product's back."""
    with transaction() as session:
        session.execute(text(statement))


@pytest.mark.parametrize("is_folded", [False, True])
def test_what_came_in_pieces_equals_what_comes_of_all_rows(
    database: Postgres, is_folded: bool
) -> None:
    a_month()
    if is_folded:
        fold()
    checks = verify.verify()
    assert [(check.table, check.examples) for check in checks] == [(table, []) for table in TABLES]
    assert all(check.rows for check in checks)


def test_nothing_at_all_has_no_differences(database: Postgres) -> None:
    assert different() == {}


@pytest.mark.parametrize(
    ("harm", "tables"),
    [
        (
            "update event_rollups set events = events + 1 where grain = 'day'",
            {"event_rollups (days)"},
        ),
        ("delete from event_deltas", {"event_rollups (half hours)"}),
        (
            "update tool_rollups set duration_histogram = '{1}' where grain = 'half_hour'",
            {"tool_rollups (half hours)", "tool_rollups (days)"},
        ),
        (
            "delete from ai_request_rollups where model = '*' and grain = 'day'",
            {"ai_request_rollups (days)", "ai_request_rollups (*)"},
        ),
        (
            "delete from user_days where user_id = (select user_id from user_days limit 1)",
            {"user_days"},
        ),
        ("update user_spans set first_day = first_day - 1", {"user_spans"}),
        ("update user_day_count_deltas set users = users + 1", {"user_day_counts"}),
        ("update user_week_count_deltas set users = users + 1", {"user_week_counts"}),
        ("update funnel_parts set linked_at = linked_at + interval '1 s'", {"funnel_parts"}),
        (
            "update subjects set reached_1 = reached_1 + interval '1 s'",
            {"subjects", "subjects (all apps)"},
        ),
        ("delete from event_apps", {"event_apps"}),
        (
            "delete from user_activity_events where external_id = '3'",
            {"event_rollups (half hours)", "funnel_parts", "user_days"},
        ),
    ],
)
def test_any_harm_is_found_and_named(database: Postgres, harm: str, tables: set[str]) -> None:
    a_month()
    change(harm)
    assert set(different()) == tables


def test_an_example_says_what_is_stored_and_what_should_be(database: Postgres) -> None:
    events({"created_at": days_ago(2)})
    change("update event_deltas set errors = 7")
    example = next(check for check in verify.verify() if check.differences).examples[0]
    assert '"errors": 7' in example.split("computed")[0]
    assert '"errors": 0' in example.split("computed")[1]


def test_what_is_older_than_the_raw_rows_is_sealed(database: Postgres) -> None:
    a_month()
    events(
        *(
            {**an_event(number), "id": None, "created_at": days_ago(33 - number / 10)}
            for number in range(9)
        )
    )
    fold()
    change("update user_activity_events set received_at = created_at")
    assert retention.apply().rows["user_activity_events"] > 3
    assert different() == {}


def test_parts_that_are_younger_than_what_is_sealed_are_checked(database: Postgres) -> None:
    a_month()
    begins = {"event_type": "onboarding.register_start"}
    events(
        {"user_id": "old", "created_at": days_ago(33), **begins},
        {"user_id": "new", "created_at": days_ago(3), **begins},
    )
    change("update user_activity_events set received_at = created_at")
    retention.apply()
    assert different() == {}
    change("update funnel_parts set marks = '{}' where part like 'u:%'")
    assert different()["funnel_parts"] >= 1


def test_nothing_is_left_behind_in_the_connection(database: Postgres) -> None:
    a_month()
    verify.verify()
    a_month()
    assert different() == {}


def test_day_before_a_user_was_first_seen_is_a_difference(database: Postgres) -> None:
    said = {"id": "c", "user_id": "u1"}
    send("conversation", said | {"created_at": days_ago(4).isoformat()})
    send("conversation", said | {"created_at": days_ago(6).isoformat()})
    assert different() == {}
    change("update user_days set day = day - 1 where day = (select min(day) from user_days)")
    assert "user_days" in different()
