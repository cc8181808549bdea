"""Connection pools shrink to the number of connections in use."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import cast

import pytest
from sqlalchemy import Engine, QueuePool, text

from core.database.connections import engines, pools
from core.embedded.postgres import Postgres
from tests.faults.program import until

AT_ONCE = 6


@pytest.fixture
def engine(cluster: Postgres) -> Iterator[Engine]:
    """Return an engine with a pool of its own."""
    made = engines.create(cluster.addresses().core, pool_size=AT_ONCE, overflow=0)
    yield made
    made.dispose()


def ask(engine: Engine, at_once: int) -> None:
    with ExitStack() as stack:
        for connection in [stack.enter_context(engine.connect()) for _ in range(at_once)]:
            connection.execute(text("select 1"))


def test_connections_of_a_busy_moment_are_closed_when_it_is_over(engine: Engine) -> None:
    shrinking = pools.PoolShrinker(engine)
    ask(engine, AT_ONCE)
    assert not shrinking.shrink()  # they were in use since the last look
    ask(engine, 1)
    assert shrinking.shrink()
    assert engine.pool.checkedin() == 0  # type: ignore[attr-defined]  # of a QueuePool
    ask(engine, 2)


def test_what_is_in_use_is_never_cut(engine: Engine) -> None:
    shrinking = pools.PoolShrinker(engine)
    ask(engine, AT_ONCE)
    shrinking.shrink()
    with engine.connect() as busy:
        assert not shrinking.shrink()
        assert busy.scalar(text("select 1")) == 1
    assert shrinking.shrink()


def test_a_pool_that_is_needed_stays(engine: Engine) -> None:
    shrinking = pools.PoolShrinker(engine)
    for _ in range(3):
        ask(engine, AT_ONCE - 1)
        assert not shrinking.shrink()


def test_pools_of_a_process_are_looked_at_by_themselves(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(engine, AT_ONCE)
    with monkeypatch.context() as often:
        often.setattr(pools, "LOOKS_EVERY_S", 0.01)
        pools.keep_small(engine)
        pool = cast("QueuePool", engine.pool)
        until(lambda: pool.checkedin() == 0, 10)
