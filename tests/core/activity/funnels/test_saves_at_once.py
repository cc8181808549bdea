"""Of two saves of a funnel at the same time, the second is refused as if it had come later."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.activity.schemas import SavedFunnelView
from core.activity.service import saved_funnels
from core.database.db import Session, transaction
from core.database.settings import SettingsChanged
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor, Role
from tests.factories.identity import person

WAIT_S, LONGEST_S = 0.5, 10


def lengthen(session: Session, shown: SavedFunnelView, days: int, actor: Actor) -> None:
    definition = saved_funnels.definition_of(
        shown.name, saved_funnels.funnel_from(shown), is_workspace=True
    )
    longer = definition.model_copy(update={"window_days": shown.window_days + days})
    saved_funnels.change_funnel(session, shown.id, longer, actor=actor, loaded=shown)


def test_a_save_that_waits_for_another_is_refused(database: Postgres) -> None:
    # It failed on the unique index of versions, with an internal error
    actor = person(Role.SUPER_ADMIN).actor
    with transaction() as session:
        shown = saved_funnels.list_funnels(session, actor=actor)[0]

    def save() -> None:
        with transaction() as session:
            lengthen(session, shown, 2, actor)

    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            lengthen(session, shown, 1, actor)
            second = pool.submit(save)
            with pytest.raises(TimeoutError):
                second.result(timeout=WAIT_S)
        with pytest.raises(SettingsChanged):
            second.result(timeout=LONGEST_S)
    with transaction() as session:
        now = saved_funnels.get_funnel(session, shown.id, actor=actor)
    assert now.window_days == shown.window_days + 1
