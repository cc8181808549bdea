"""Calls made here are priced by Settings > Prices; repricing covers them."""

from datetime import timedelta
from decimal import Decimal

import httpx2
import pytest
from sqlalchemy import select

from core.database.db import transaction
from core.executions.models import Execution
from core.identity.schemas import Role
from core.platform import clock
from core.providers.models import ModelPrice
from core.providers.queries import token_prices
from core.providers.service import price_list
from core.system import jobs
from tests.api.conftest import Client
from tests.factories.identity import Person, person
from tests.factories.requests import price

ASK = {"model_id": "fake:echo", "prompt": "the capital of France"}
MILLION = Decimal(1_000_000)


@pytest.fixture
def one(client: Client) -> Person:
    token_prices.clear_cache()  # what the test before has priced
    return person(Role.SUPER_ADMIN)


@pytest.fixture
def mine(client: Client, one: Person) -> httpx2.Client:
    return client(one)


def stored() -> Execution:
    with transaction() as session:
        row = session.scalars(select(Execution)).one()
        session.expunge(row)
        return row


def cost_of(row: Execution) -> Decimal:
    """Return the cost at 1 USD per million input tokens, 2 for output."""
    return ((row.input_tokens or 0) + 2 * (row.output_tokens or 0)) / MILLION


def reprice(mine: httpx2.Client, *, dry_run: bool) -> dict[str, object]:
    answer = mine.post("/admin/prices/reprice", json={"dry_run": dry_run}).json()
    if dry_run:
        return dict(answer)
    with transaction() as session:
        name = session.connection().exec_driver_sql(
            "select batch_run_id from batch_run_history where id = %s", (answer["id"],)
        )
        run = str(name.scalar_one())
    jobs.reprice(run)
    return dict(mine.get(f"/admin/prices/reprice/{answer['id']}").json()["report"])


def test_a_call_keeps_the_price_that_made_its_cost(mine: httpx2.Client, one: Person) -> None:
    given = price(one.actor, "echo", clock.now() - timedelta(days=1), provider="fake")
    usage = mine.post("/prompts/execute", json=ASK).json()["usage"]
    row = stored()
    assert row.price_id == given.id
    assert Decimal(usage["estimated_cost"]) == row.cost_usd == cost_of(row) > 0


def test_without_a_price_of_ones_own_the_packaged_one_is_kept(mine: httpx2.Client) -> None:
    mine.post("/prompts/execute", json=ASK)
    row = stored()
    with transaction() as session:
        packaged = session.get_one(ModelPrice, row.price_id)
        assert (packaged.provider, packaged.model, packaged.source) == ("fake", "echo", "packaged")
    assert row.cost_usd == 0


def test_repricing_covers_calls_made_here(mine: httpx2.Client, one: Person) -> None:
    mine.post("/prompts/execute", json=ASK)
    before = stored()
    given = price(one.actor, "echo", clock.now() - timedelta(days=1), provider="fake")
    seen = reprice(mine, dry_run=True)
    assert (seen["requests_examined"], seen["requests_changed"]) == (1, 1)
    assert stored().price_id == before.price_id
    assert reprice(mine, dry_run=False)["items"] == seen["items"]
    row = stored()
    assert (row.price_id, row.cost_usd) == (given.id, cost_of(before))
    assert [(each["source"], each["model"]) for each in seen["items"]] == [("playground", "echo")]  # type: ignore[attr-defined]  # JSON
    assert reprice(mine, dry_run=True)["requests_changed"] == 0


def test_a_removed_price_leaves_the_packaged_one(mine: httpx2.Client, one: Person) -> None:
    own = price(one.actor, "echo", clock.now() - timedelta(days=1), provider="fake")
    mine.post("/prompts/execute", json=ASK)
    with transaction() as session:
        price_list.remove(session, own.id, actor=one.actor)
    reprice(mine, dry_run=False)
    assert stored().cost_usd == 0
    assert stored().price_id not in (None, own.id)


def test_calls_of_another_time_or_model_stay(mine: httpx2.Client, one: Person) -> None:
    mine.post("/prompts/execute", json=ASK)
    price(one.actor, "echo", clock.now() - timedelta(days=1), provider="fake")
    for span in ({"model": "other"}, {"end": (clock.now() - timedelta(days=2)).isoformat()}):
        report = mine.post("/admin/prices/reprice", json={"dry_run": True, **span}).json()
        assert (report["requests_examined"], report["items"]) == (0, [])
