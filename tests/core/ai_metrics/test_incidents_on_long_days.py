"""Incidents are found in every hour of a day on which clocks are turned back."""

from datetime import UTC, date, datetime, timedelta

import pytest

from core.ai_metrics.queries.incidents import incidents
from core.ai_metrics.views import AiMetricsQuery
from core.database.db import transaction
from core.identity.schemas import Role
from core.presentation.periods import Period, Watched, midnight
from tests.factories.ai_metrics import request, send
from tests.factories.identity import person

ZONE, LONG_DAY = "Europe/Berlin", date(2026, 10, 25)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.mark.usefixtures("database")
def test_an_incident_in_the_25th_hour_of_a_day_is_found() -> None:
    # A day was taken to end after 24 hours
    start, end = (midnight(LONG_DAY + days * DAY, ZONE) for days in (-7, 1))
    last_hour = datetime(2026, 10, 25, 22, tzinfo=UTC)
    usual = [
        request(start + number * 20 * MINUTE, total_latency_ms=900) for number in range(8 * 24 * 3)
    ]
    failed = [
        request(last_hour + number * MINUTE, status="error", error_type="overloaded")
        for number in range(60)
    ]
    send(*usual, *failed)
    with transaction() as session:
        asked = AiMetricsQuery(Period(start, end, ZONE), Watched())
        [found] = incidents(session, asked, actor=person(Role.ANALYST).actor)
    assert (found.start, found.end) == (last_hour, end)
