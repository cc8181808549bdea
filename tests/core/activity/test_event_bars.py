"""A bar of events over time spans all events that it counts."""

from datetime import datetime, timedelta

import pytest

from core.activity.charts import bar_span
from core.activity.queries import events
from core.activity.queries.events import EventFilter
from core.database.db import transaction
from core.identity.schemas import Role
from core.presentation.periods import Period, Watched
from tests.factories.activity import START, event, store
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
DAY = timedelta(days=1)


@pytest.mark.parametrize("days", [1, 7, 900])
def test_as_many_events_are_listed_as_its_bar_counts(days: int) -> None:
    # In more than 400 days a bar is several days
    actor, watched = person(Role.ANALYST).actor, Watched()
    begin = START.replace(hour=0, minute=0)
    period = Period(begin - (days - 1) * DAY, begin + DAY)

    def count(start: datetime, end: datetime) -> int:
        asked = EventFilter(), Period(start, end), watched
        return len(events.list_events(session, *asked, limit=50, actor=actor))

    store([event("seen", START - number * DAY, user_id="a") for number in range(min(days, 6))])
    with transaction() as session:
        [found] = events.event_type_trends(session, period, watched, actor=actor)
        spans = [bar_span(found.starts, n, period.end) for n in range(len(found.starts))]
        busy = [n for n, counted in enumerate(found.event_counts) if counted]
        assert [count(*spans[n]) for n in busy] == [found.event_counts[n] for n in busy]
    assert (max(found.event_counts) > 1) == (days == 900)
