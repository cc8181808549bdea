"""The reporting time zone may change while an import goes on."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from core.database import settings
from core.database.db import transaction
from core.system import jobs
from tests.factories.history import days_ago
from tests.factories.records import event, parsed, running, write

pytestmark = pytest.mark.usefixtures("database")

FAR = "Pacific/Auckland"
EVENING = days_ago(3).replace(hour=18, minute=0)  # in Auckland the next day


def test_users_of_later_rows_were_active_on_days_of_the_new_zone() -> None:
    # An import that goes on for hours kept the zone with which it had begun
    chunks = iter(range(4))

    def change_before_the_second() -> bool:
        if next(chunks) == 1:
            with transaction() as session:
                settings.amend(session, settings.Workspace(reporting_time_zone=FAR), by=None)
            jobs.rebuild_days(FAR)
        return True

    rows = (
        event(number, user_id=f"u{number}", created_at=EVENING.isoformat()) for number in range(20)
    )
    write(parsed(rows), running(), heaviest=10, may_go_on=change_before_the_second)
    with transaction() as session:
        days = session.execute(text("select day, count(*) from user_days group by day")).all()
    assert days == [(EVENING.date() + timedelta(days=1), 20)]
