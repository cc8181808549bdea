"""Of two people who load the demo at the same time, one loads it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.database.db import transaction
from core.demo import service
from core.demo.errors import NotEmpty
from core.identity.schemas import Role
from tests.factories.identity import person

WAIT_S, LONGEST_S = 0.5, 10


@pytest.mark.usefixtures("database")
def test_the_second_one_waits_and_is_refused() -> None:
    # Both found an empty database, and two demos were queued
    actor = person(Role.ADMIN).actor

    def load() -> None:
        with transaction() as session:
            service.load(session, actor=actor)

    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            service.load(session, actor=actor)
            waiting = pool.submit(load)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=WAIT_S)
        with pytest.raises(NotEmpty):
            waiting.result(timeout=LONGEST_S)
