"""What a program that runs has stored: every row of both of its databases, once nothing is on its
way any more.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

from core.database.connections import engines
from core.embedded.postgres import Postgres
from tests.factories.imports import rows_by_table
from tests.faults.program import Program, until

# Files, those who sign in, and providers that are looked at now and then are no part of what an
# import brings. So is what the daily job writes, which comes at its hour or catches up at a quarter
# of any.
OF_THE_HOUSE = frozenset(
    {"imports", "admin_sessions", "admin_users", "providers", "batch_run_history", "daily_metrics"}
)
WAITING = (
    "select exists (select from outbox)",
    (
        "select exists (select from event_deltas) or exists (select from ai_request_deltas) or "
        "exists (select from tool_deltas)"
    ),
)


def stored(program: Program) -> dict[str, list[str]]:
    """Return all rows, after all figures have been made of them."""
    with databases(program) as (core, ai):
        until(lambda: not waits(core, *WAITING) and not waits(ai, WAITING[0]), 120)
        return rows_by_table((core, ai), but=OF_THE_HOUSE)


@contextmanager
def databases(program: Program) -> Iterator[tuple[Engine, Engine]]:
    """Connect to both databases behind the program's back."""
    addresses = Postgres(program.path).addresses()
    core, ai = (
        engines.create(address, pool_size=1, overflow=0)
        for address in (addresses.core, addresses.ai)
    )
    yield core, ai
    core.dispose()
    ai.dispose()


def waits(database: Engine, *asked: str) -> bool:
    """Whether anything has still to be done."""
    with database.begin() as connection:
        return any(connection.scalar(text(each)) for each in asked)
