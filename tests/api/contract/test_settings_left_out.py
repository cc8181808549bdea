"""PUT keeps fields that are left out, and null sets them to null."""

from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import httpx2
import pytest

from core.database.db import transaction
from core.database.settings import Retention, amend
from core.identity.schemas import Role
from core.ingest import redaction
from tests.api.conftest import Client
from tests.factories.identity import person

# Each door, with a value for every field that is not its default.
DOORS: dict[str, dict[str, Any]] = {
    "/admin/settings": {
        "default_prompt": "Be brief.",
        "default_model": "fake:echo",
        "fallback_model": "fake:plain",
        "reporting_time_zone": "Asia/Kolkata",
        "stuck_after_days": 5,
        "batch_silence_minutes": 7,
        "late_span_minutes": 9,
        "answer_cache_minutes": 11,
        "analysts_read_messages": True,
    },
    "/admin/system/retention": {
        "event_days": 31,
        "request_days": 32,
        "batch_run_days": 33,
        "batch_runs_kept": 34,
        "admin_session_days": 35,
        "playground_days": 36,
        "session_trash_days": 41,
        "conversation_days": 37,
        "feedback_days": 38,
        "score_days": 40,
        "evaluation_days": 42,
        "import_undo_days": 39,
    },
    "/admin/redaction": {
        "mode": "mask",
        "email": False,
        "phone": False,
        "card": False,
        "patterns": [{"name": "order", "pattern": "ORD-[0-9]+"}],
    },
}


@pytest.fixture
def boss(client: Client) -> httpx2.Client:
    redaction.redactor_cache.clear()
    return client(person(Role.SUPER_ADMIN))


@pytest.mark.parametrize("door", DOORS)
def test_every_field_is_tried_here(boss: httpx2.Client, door: str) -> None:
    found = boss.get(door).json()
    assert found.keys() == DOORS[door].keys()
    assert all(found[name] != value for name, value in DOORS[door].items())


@pytest.mark.parametrize(
    ("door", "field"), [(door, field) for door, fields in DOORS.items() for field in fields]
)
def test_a_field_that_is_set_leaves_all_others_as_they_were(
    boss: httpx2.Client, door: str, field: str
) -> None:
    defaults = boss.get(door).json()
    assert boss.put(door, json=DOORS[door]).json() == DOORS[door]
    only = {field: defaults[field]}
    assert boss.put(door, json=only).json() == DOORS[door] | only
    assert boss.get(door).json() == DOORS[door] | only


@pytest.mark.parametrize("door", DOORS)
def test_an_empty_body_changes_nothing(boss: httpx2.Client, door: str) -> None:
    boss.put(door, json=DOORS[door])
    assert boss.put(door, json={}).json() == DOORS[door]


def test_the_audit_log_says_what_is_then_and_not_what_was_left_out(boss: httpx2.Client) -> None:
    boss.put("/admin/system/retention", json={"event_days": 90})
    boss.put("/admin/system/retention", json={"request_days": 91})
    row = boss.get("/admin/audit?action=retention.change").json()["items"][0]
    assert (
        row["before"]["event_days"],
        row["after"]["event_days"],
        row["after"]["request_days"],
    ) == (90, 90, 91)


def test_two_at_once_that_change_different_fields_lose_neither(boss: httpx2.Client) -> None:
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            amend(session, Retention(event_days=90), by=None)
            other = pool.submit(boss.put, "/admin/system/retention", json={"request_days": 91})
            assert not wait([other], timeout=0.3).done
        assert other.result().status_code == 200
    found = boss.get("/admin/system/retention").json()
    assert (found["event_days"], found["request_days"]) == (90, 91)
