"""By a release, a session is that of the user whom the release's own events name."""

import pytest

from core.activity.ingest.event_codes import event_types
from core.activity.queries.funnels import funnel_counts
from core.activity.service import apply_funnel, saved_funnels
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor, Role
from core.presentation.periods import Period, Watched
from tests.factories import funnels
from tests.factories.activity import START, event, minutes, store
from tests.factories.identity import person

FUNNEL = funnels.read("page.a,page.b")


def converted(actor: Actor) -> list[int]:
    period, watched = Period(START, minutes(60)), Watched(release="2.0")
    with transaction() as session:
        found = funnel_counts.read_funnel(session, period, watched, FUNNEL, actor=actor)
    return [step.users for step in found.steps]


def test_a_funnel_of_raw_rows_takes_sessions_as_one_of_stored_marks_does(
    database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Raw rows took the owners of all releases: ann's b followed a session that 1.0 alone knew
    monkeypatch.setattr(event_types, "MOST_CODED", 0)
    store(
        [
            event("page.z", session_id="s", user_id="ann", release="1.0"),
            event("page.a", minutes(1), session_id="s", release="2.0"),
            event("page.b", minutes(2), session_id="t", user_id="ann", release="2.0"),
            event("page.a", minutes(1), session_id="u", release="2.0"),
            event("page.b", minutes(2), session_id="u", user_id="bea", release="2.0"),
        ]
    )
    actor = person(Role.ADMIN).actor
    of_raw_rows = converted(actor)
    definition = saved_funnels.definition_of("Saved", FUNNEL, is_workspace=False)
    with transaction() as session:
        saved_funnels.create_funnel(session, definition, actor=actor)
    apply_funnel.prepare_funnels()
    assert of_raw_rows == converted(actor) == [2, 1]
