"""Users stay active on the days of conversations that retention has deleted."""

from typing import Any

import pytest
from sqlalchemy import text

from core.database import settings
from core.database.db import transaction
from core.system.service import reporting_time_zone, retention
from core.system.service.verification import verify
from tests.factories.history import days_ago
from tests.factories.imports import row, send

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def _deleted(database: object) -> None:
    """Delete a conversation from a time of which the events are kept."""
    began: dict[str, Any] = {"created_at": days_ago(12).isoformat()}
    send("event", row("event", 1, days=20))
    send("conversation", {"id": "c", "user_id": "of the conversation", **began})
    with transaction() as session:
        settings.write(session, settings.Retention(conversation_days=10), by=None)
        session.execute(text("update conversations set received_at = last_message_at"))
    assert retention.apply().rows["conversations"] == 1


def days() -> list[object]:
    with transaction() as session:
        return list(session.scalars(text("select day from user_days order by day")))


def test_verification_reports_none_of_them() -> None:
    # Where conversations are kept for less time than events, their days are right without rows
    assert days_ago(12).date() in days()
    assert [check.table for check in verify.verify() if check.differences] == []


def test_another_reporting_time_zone_deletes_none_of_them() -> None:
    before = days()
    reporting_time_zone.rebuild_days("UTC")
    assert days() == before
