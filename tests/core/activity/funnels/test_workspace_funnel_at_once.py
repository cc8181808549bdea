"""Of two funnels that become the workspace's at the same time, the later one is it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.activity.schemas import SavedFunnelView
from core.activity.service import saved_funnels
from core.database.db import Session, transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor, Role
from tests.factories.identity import person

WAIT_S, LONGEST_S = 0.5, 10


def choose(session: Session, funnel: SavedFunnelView, actor: Actor) -> None:
    definition = saved_funnels.definition_of(
        funnel.name, saved_funnels.funnel_from(funnel), is_workspace=True
    )
    saved_funnels.change_funnel(session, funnel.id, definition, actor=actor)


def test_the_second_one_waits_and_takes_the_place(database: Postgres) -> None:
    actor = person(Role.SUPER_ADMIN).actor
    with transaction() as session:
        steps = saved_funnels.funnel_from(saved_funnels.list_funnels(session, actor=actor)[0])
        first, second = (
            saved_funnels.create_funnel(
                session,
                saved_funnels.definition_of(name, steps, is_workspace=False),
                actor=actor,
            )
            for name in ("Trial", "Purchase")
        )

    def choose_second() -> None:
        with transaction() as session:
            choose(session, second, actor)

    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            choose(session, first, actor)
            session.flush()
            waiting = pool.submit(choose_second)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=WAIT_S)
        waiting.result(timeout=LONGEST_S)
    with transaction() as session:
        found = saved_funnels.list_funnels(session, actor=actor)
    assert [each.name for each in found if each.is_workspace] == ["Purchase"]
