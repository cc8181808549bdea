"""Cleanup, retention and the daily job over HTTP."""

from sqlalchemy import text

from core.database import settings
from core.database.db import transaction
from core.identity.schemas import Role
from tests.api.conftest import Client
from tests.factories.history import count, days_ago, events, tasks
from tests.factories.identity import person


def an_old_event() -> None:
    """Store an event that is over."""
    events({"created_at": days_ago(31.1)})
    with transaction() as session:
        session.execute(text("update user_activity_events set received_at = created_at"))


def test_a_dry_run_says_what_would_go_and_a_real_one_takes_it(client: Client) -> None:
    an_old_event()
    door = client(person(Role.ADMIN))
    counted = door.post("/admin/system/cleanup", json={"dry_run": True}).json()
    assert (counted["dry_run"], counted["rows"]["user_activity_events"]) == (True, 1)
    assert count("user_activity_events") == 1
    done = door.post("/admin/system/cleanup", json={"dry_run": False}).json()
    assert done == {**counted, "dry_run": False}
    assert count("user_activity_events") == 0


def test_both_are_in_the_audit_log(client: Client) -> None:
    an_old_event()
    client(person(Role.ADMIN)).post("/admin/system/cleanup", json={})
    with transaction() as session:
        row = session.execute(
            text("select targets, after from audit_log where action = 'system.cleanup'")
        ).one()
    assert row.targets == {"dry_run": False}
    assert row.after["rows"]["user_activity_events"] == 1


def test_retention_is_set_by_super_admins_within_reason(client: Client) -> None:
    door = client(person(Role.SUPER_ADMIN))
    assert door.get("/admin/system/retention").json()["event_days"] == 30
    assert door.put("/admin/system/retention", json={"event_days": 90}).json()["event_days"] == 90
    assert door.put("/admin/system/retention", json={"event_days": 0}).status_code == 422
    with transaction() as session:
        assert settings.read(session, settings.Retention).event_days == 90
    assert count("audit_log", "action = 'retention.change'") == 1


def test_the_daily_job_is_asked_for_once_however_often(client: Client) -> None:
    door = client(person(Role.ADMIN))
    answers = [door.post("/admin/system/daily") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == {"status": "queued", "batch_job": "attune.daily"}
    assert tasks("system.daily") == 1
