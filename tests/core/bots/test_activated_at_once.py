"""Of two bots that an account activates at the same time, the later one is active."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.bots.queries import bots as queries
from core.bots.service import bots
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Role
from tests.factories.bots import made
from tests.factories.identity import person

WAIT_S, LONGEST_S = 0.5, 10


def test_the_second_one_waits_and_takes_the_place(database: Postgres) -> None:
    actor = person(Role.ADMIN).actor
    first, second = (made(actor, name=name).id for name in ("First", "Second"))

    def activate_second() -> None:
        with transaction() as session:
            bots.activate(session, second, actor=actor)

    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            bots.activate(session, first, actor=actor)
            waiting = pool.submit(activate_second)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=WAIT_S)
        waiting.result(timeout=LONGEST_S)
    with transaction() as session:
        active = [each.id for each in queries.list_bots(session, actor=actor) if each.is_active]
    assert active == [second]
