"""Events by day and type: rollups for whole days and half hours, raw rows for the minutes at both
ends.
"""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import text

from core.activity.ingest import rollups
from core.activity.queries import events
from core.activity.schemas import NewEvent
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Role
from core.presentation.periods import Period, Watched, day_of
from tests.factories import activity
from tests.factories.activity import START, event, minutes
from tests.factories.identity import person

ZONE = "Europe/Berlin"
PERIOD = Period(minutes(7), START + timedelta(days=2, minutes=47, seconds=3), ZONE)


def sent() -> list[NewEvent]:
    """Return events every eleven minutes over three days, some of which failed."""
    return [
        event(
            "chat.message" if number % 3 else "chat.send_error",
            START + timedelta(minutes=11 * number),
            error_code="E1" if number % 5 == 0 else None,
            app="web" if number % 2 else "phone",
            release="2.0" if number > 200 + number % 4 else "1.0",
        )
        for number in range(400)
    ]


def by_day(period: Period, watched: Watched) -> dict[tuple[str, str], tuple[int, int]]:
    with transaction() as session:
        found = events.list_daily(session, period, watched, actor=person(Role.ANALYST).actor)
    return {(str(each.date), each.event_type): (each.events, each.errors) for each in found}


@pytest.mark.parametrize("is_folded", [False, True])
@pytest.mark.parametrize("app", [None, "web"])
@pytest.mark.parametrize("release", [None, "1.0", "2.0"])
def test_a_boundary_within_a_half_hour_counts_every_event_once(
    database: Postgres, is_folded: bool, app: str | None, release: str | None
) -> None:
    given = sent()
    activity.store(given, zone=ZONE)
    if is_folded:
        with transaction() as session:
            rollups.fold(session, zone=ZONE)
    inside = [
        each
        for each in given
        if each.created_at
        and PERIOD.start <= each.created_at < PERIOD.end
        and app in (None, each.app)
        and release in (None, each.release)
    ]
    counted = Counter(
        (str(day_of(each.created_at, ZONE)), each.event_type) for each in inside if each.created_at
    )
    failed = Counter(
        (str(day_of(each.created_at, ZONE)), each.event_type)
        for each in inside
        if each.created_at and (each.error_code or each.event_type.endswith("_error"))
    )
    assert by_day(PERIOD, Watched(app=app, release=release)) == {
        key: (count, failed[key]) for key, count in counted.items()
    }


@pytest.mark.parametrize("release", [None, "1.0"])
def test_a_boundary_within_a_half_hour_reads_raw_rows_of_that_half_hour_only(
    database: Postgres, release: str | None
) -> None:
    # Such a period read raw rows throughout
    activity.store(sent(), zone=ZONE)
    before = by_day(PERIOD, Watched(release=release))
    with transaction() as session:
        inner = {"since": minutes(30), "until": START + timedelta(days=2, minutes=30)}
        session.execute(
            text(
                "delete from user_activity_events where created_at >= :since and created_at < "
                ":until"
            ),
            inner,
        )
    assert by_day(PERIOD, Watched(release=release)) == before
