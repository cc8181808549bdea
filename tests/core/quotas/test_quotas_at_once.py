"""Calls at the same time never use more than a quota allows, from however many processes."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import UUID

import pytest

from core.database.db import transaction
from core.executions.schemas import CallOutcome, ExecutionStatus, PendingExecution
from core.executions.service import executions as service
from core.identity.schemas import Actor, Role
from core.providers.chunks import Usage
from core.providers.packaged_prices import Cost, CostSource
from core.providers.queries import token_prices
from core.quotas.errors import QuotaExceeded
from tests.factories.executions import asked
from tests.factories.identity import person
from tests.factories.quotas import quota, use_of

CENT = Cost(Decimal("0.01"), CostSource.PRICE_TABLE)
pytestmark = pytest.mark.usefixtures("runner")


def attempt(actor: Actor) -> PendingExecution | None:
    try:
        with transaction() as session:
            return service.begin(session, asked(), instance=UUID(int=1), actor=actor)
    except QuotaExceeded:
        return None


def test_twenty_at_once_reserve_exactly_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_prices, "cost_of", lambda *_: CENT)
    quota("0.07", "cost")
    actor = person().actor
    with ThreadPoolExecutor(20) as pool:
        made = list(pool.map(lambda _: attempt(actor), range(20)))
    assert sum(each is not None for each in made) == 7
    assert use_of(actor)[0].reserved == Decimal("0.07")


def test_several_quotas_are_kept_while_calls_begin_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_prices, "cost_of", lambda *_: CENT)
    quota("0.31", "cost")
    quota(40, "calls", "month")
    quota("0.11", "cost", "month", scope="role", role=Role.ADMIN)
    people = [person().actor for _ in range(4)]
    done = threading.Barrier(8)

    def work(number: int) -> None:
        done.wait()
        for _ in range(8):
            pending = attempt(random.choice(people))
            if pending is not None and number % 2:
                outcome = CallOutcome(
                    ExecutionStatus.COMPLETED, "a", usage=Usage(input=1, output=1), cost=CENT
                )
                with transaction() as session:
                    service.finish(session, pending, outcome)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    for actor in people:
        for each in use_of(actor):
            assert each.used + each.reserved <= each.limit
    workspace = next(each for each in use_of(people[0]) if each.measure == "cost")
    assert workspace.used + workspace.reserved == Decimal("0.31")
