"""The time between a user's steps is that from the required step before, as in the funnel."""

from datetime import timedelta

from core.activity.queries import journeys
from core.activity.queries.funnels.funnel import STEPS, Funnel, Step
from core.database.db import read_session
from core.embedded.postgres import Postgres
from core.platform import clock
from core.presentation.periods import Watched
from tests.factories.activity import event, store
from tests.factories.funnels import use
from tests.factories.identity import person

START, OPTIONAL, LAST = STEPS[:3]
FUNNEL = Funnel((Step((START,)), Step((OPTIONAL,), optional=True), Step((LAST,))))
YESTERDAY = clock.now() - timedelta(days=1)


def test_optional_step_takes_no_part_in_the_time_to_the_step_after_it(database: Postgres) -> None:
    # The step after one that was passed over had no time
    store(
        event(name, YESTERDAY + timedelta(seconds=after), user_id=user)
        for user, name, after in [
            ("ann", START, 0),
            ("ann", LAST, 90),
            ("bea", START, 0),
            ("bea", OPTIONAL, 30),
            ("bea", LAST, 90),
        ]
    )
    actor = person().actor
    use(FUNNEL, actor)
    with read_session() as session:
        steps = {
            user: journeys.read_journey(session, user, Watched(), limit=10, actor=actor).steps
            for user in ("ann", "bea")
        }
    assert [step.seconds_from_previous for step in steps["ann"]] == [None, None, 90]
    assert [step.seconds_from_previous for step in steps["bea"]] == [None, 30, 90]
