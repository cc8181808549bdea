"""The cost of requests at ingest: exact, by kind of token, by the price valid at their time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.ai_metrics.models import AiRequest
from core.database.db import transaction
from core.identity.schemas import Actor
from core.platform.ids import new_id
from core.providers import packaged_prices
from core.providers.errors import PackagedPrice, PriceTaken
from core.providers.models import ModelPrice
from core.providers.queries import token_prices
from core.providers.queries.token_prices import Rate
from core.providers.service import price_list
from tests.factories.identity import person
from tests.factories.requests import ai_requests, price

pytestmark = pytest.mark.usefixtures("database")

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
OWN = "our-own-model"


@pytest.fixture(autouse=True)
def fresh(database: object) -> None:
    token_prices._rates.clear()  # noqa: SLF001  what the test before has priced


@pytest.fixture
def boss() -> Actor:
    return person().actor


def stored(number: str) -> AiRequest:
    with transaction() as session:
        return session.scalars(select(AiRequest).where(AiRequest.external_id == number)).one()


def cost_at(at: datetime, row: dict[str, object]) -> tuple[Decimal | None, str]:
    """Store one request and return its cost and the cost's source."""
    number = str(new_id())
    ai_requests({"id": number, "created_at": at, "model": OWN, **row})
    found = stored(number)
    return found.cost_usd, found.cost_source


def cost(**row: object) -> tuple[Decimal | None, str]:
    """Store one request at noon and return its cost."""
    return cost_at(NOON, row)


def test_each_kind_of_token_has_its_price(boss: Actor) -> None:
    price(boss, OWN, NOON, input="3", output="15", cached_input="0.3", cache_write="3.75")
    million = 1_000_000
    assert cost(input_tokens=million) == (Decimal("3"), "price_table")
    assert cost(output_tokens=million) == (Decimal("15"), "price_table")
    assert cost(input_tokens=million, cached_tokens=million) == (Decimal("0.3"), "price_table")
    assert cost(input_tokens=million, cache_write_tokens=million) == (
        Decimal("3.75"),
        "price_table",
    )
    mixed = cost(input_tokens=1000, cached_tokens=600, cache_write_tokens=100, output_tokens=50)
    # 300 at 3, 600 at 0.3, 100 at 3.75, 50 at 15
    assert mixed == (Decimal("0.00220500"), "price_table")


def test_reasoning_is_output_and_is_not_priced_twice(boss: Actor) -> None:
    price(boss, OWN, NOON, output="15")
    assert (
        cost(output_tokens=1000, reasoning_tokens=900)
        == cost(output_tokens=1000)
        == (Decimal("0.015"), "price_table")
    )


def test_without_prices_of_their_own_cached_tokens_cost_what_input_does(boss: Actor) -> None:
    price(boss, OWN, NOON, input="3")
    assert cost(input_tokens=100, cached_tokens=50, cache_write_tokens=50) == cost(input_tokens=100)


def test_a_reported_cost_stays_as_it_is_reported(boss: Actor) -> None:
    price(boss, OWN, NOON)
    assert cost(input_tokens=100, cost_usd="0.12345678") == (Decimal("0.12345678"), "reported")
    assert cost(input_tokens=100, cost_usd="0") == (Decimal("0"), "reported")


@pytest.mark.parametrize(
    "row", [{"model": "nobody-knows-this"}, {"model": "gpt-4o", "provider": "nobody"}]
)
def test_what_nobody_knows_is_unpriced_which_is_not_zero(row: dict[str, str]) -> None:
    assert cost(input_tokens=100, **row) == (None, "unpriced")


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("x_ai", "grok-4"),
        ("gcp.gen_ai", "gemini-2.5-pro"),
        ("azure.ai.inference", "gpt-4o"),
        ("azure_ai", "gpt-4o"),
        ("strands-agents", "gpt-4o"),
        ("fireworks_ai", "accounts/fireworks/models/deepseek-v3p2"),
    ],
)
def test_a_provider_is_priced_by_the_name_that_tracing_libraries_send(
    provider: str, model: str
) -> None:
    assert packaged_prices.list_price(provider, model) is not None


def test_embeddings_whose_output_has_no_price_cost_what_their_input_does() -> None:
    # They were unpriced: the packaged price was taken for incomplete
    row = {"provider": "openai", "model": "text-embedding-3-small", "input_tokens": 1_000_000}
    assert cost(**row) == (Decimal("0.02"), "price_table")


def test_without_tokens_there_is_nothing_to_price() -> None:
    assert cost(model="gpt-4o") == (None, "unpriced")


def test_a_price_holds_from_its_very_moment_on(boss: Actor) -> None:
    price(boss, OWN, NOON, input="1")
    price(boss, OWN, NOON + timedelta(days=1), input="2")
    tokens: dict[str, object] = {"input_tokens": 1_000_000}
    assert cost_at(NOON - INSTANT, tokens) == (None, "unpriced")
    assert cost_at(NOON, tokens) == (Decimal(1), "price_table")
    assert cost_at(NOON + timedelta(days=1) - INSTANT, tokens) == (Decimal(1), "price_table")
    assert cost_at(NOON + timedelta(days=1), tokens) == (Decimal(2), "price_table")


def test_a_price_of_ones_own_goes_before_a_packaged_one_of_the_same_moment(boss: Actor) -> None:
    packaged = packaged_prices.list_price("openai", "gpt-4o")
    assert packaged is not None
    tokens: dict[str, object] = {"model": "gpt-4o", "input_tokens": 1_000_000}
    assert cost(**tokens) == (packaged.input, "price_table")
    own = price(boss, "gpt-4o", token_prices.ALWAYS, input="7")
    assert cost(**tokens) == (Decimal(7), "price_table")
    with transaction() as session:
        price_list.remove(session, own.id, actor=boss)
    assert cost(**tokens) == (packaged.input, "price_table")


def test_requests_of_one_batch_have_the_prices_of_their_own_times(
    boss: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    price(boss, OWN, NOON, input="1")
    price(boss, OWN, NOON + timedelta(days=1), input="2")
    looked_up, look_up = list[str](), token_prices.list_rates

    def counted(provider: str, model: str) -> list[Rate]:
        looked_up.append(model)
        return look_up(provider, model)

    monkeypatch.setattr(token_prices, "list_rates", counted)
    row: dict[str, object] = {"model": OWN, "input_tokens": 1_000_000}
    times = [NOON + timedelta(hours=12 * number) for number in range(4)]
    ai_requests(*({"id": f"{at}", "created_at": at, **row} for at in times))
    assert [stored(f"{at}").cost_usd for at in times] == [1, 1, 2, 2]
    assert looked_up == [OWN]


def test_a_request_keeps_which_price_it_was_priced_by(boss: Actor) -> None:
    known = price(boss, OWN, NOON)
    ai_requests({"id": "one", "created_at": NOON, "model": OWN, "input_tokens": 1})
    assert stored("one").price_id == known.id


def test_two_prices_of_ones_own_from_one_moment_are_refused(boss: Actor) -> None:
    price(boss, OWN, NOON)
    with pytest.raises(PriceTaken):
        price(boss, OWN, NOON)


def test_packaged_prices_cannot_be_removed(boss: Actor) -> None:
    assert token_prices.list_rates("openai", "gpt-4o")
    with transaction() as session:
        found = session.scalars(select(ModelPrice)).one()
        with pytest.raises(PackagedPrice):
            price_list.remove(session, found.id, actor=boss)


AMOUNTS = st.decimals(0, 1_000_000, places=6)
COUNTS = st.integers(0, 2**31 - 1)


@given(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS), st.tuples(COUNTS, COUNTS, COUNTS, COUNTS))
@settings(max_examples=300, deadline=None)
def test_a_cost_is_what_exact_arithmetic_gives(
    amounts: tuple[Decimal, ...], counts: tuple[int, ...]
) -> None:
    picos = [int(amount * token_prices.PICO) for amount in amounts]
    rate = Rate(UUID(int=0), NOON, *picos)
    total, output, cached, written = counts
    fresh = max(0, total - cached - written)
    exact = fresh * amounts[0] + output * amounts[1] + cached * amounts[2] + written * amounts[3]
    assert abs(rate.cost(total, output, cached, written) * Decimal("0.01") - exact) <= Decimal(
        "0.005"
    )
