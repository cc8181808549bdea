"""The cost of a call: cached input is cheaper, and unknown prices are unpriced, not free."""

from decimal import Decimal

import pytest

from core.providers import packaged_prices
from core.providers.chunks import Usage
from core.providers.packaged_prices import UNPRICED, Cost, CostSource
from core.providers.schemas import Connection, ProviderKind
from tests.factories.providers import ANTHROPIC, OPENAI

MILLION = 1_000_000
OPENAI_ITSELF = Connection("openai", OPENAI, None, "k")
ANTHROPIC_ITSELF = Connection("anthropic", ANTHROPIC, None, "k")
USAGE = Usage(input=1000, output=100)


def usd(connection: Connection, model: str, usage: Usage) -> Decimal:
    cost = packaged_prices.cost_of(connection, model, usage)
    assert cost.source is CostSource.PRICE_TABLE
    assert cost.usd is not None
    return cost.usd


def at(address: str) -> Connection:
    return Connection("other", OPENAI, address, "k")


def test_a_known_model_costs_what_its_prices_say() -> None:
    known = packaged_prices.prices_of(OPENAI_ITSELF, "gpt-4o")
    assert known is not None
    assert usd(OPENAI_ITSELF, "gpt-4o", Usage(input=MILLION)) == known.input
    assert usd(OPENAI_ITSELF, "gpt-4o", Usage(output=MILLION)) == known.output


def test_a_version_with_a_date_costs_what_its_model_costs() -> None:
    assert usd(OPENAI_ITSELF, "gpt-4o-2024-08-06", USAGE) == usd(OPENAI_ITSELF, "gpt-4o", USAGE)


@pytest.mark.parametrize(
    ("connection", "model"),
    [(OPENAI_ITSELF, "gpt-4o"), (ANTHROPIC_ITSELF, "claude-3-5-haiku-latest")],
)
def test_cached_input_costs_less_than_fresh_input(connection: Connection, model: str) -> None:
    known = packaged_prices.prices_of(connection, model)
    assert known is not None
    assert known.cached_input is not None
    assert (
        usd(connection, model, Usage(input=MILLION, cached=MILLION))
        == known.cached_input
        < known.input
    )


def test_input_that_went_into_anthropics_cache_costs_more() -> None:
    fresh, written = Usage(input=MILLION), Usage(input=MILLION, cache_write=MILLION)
    assert usd(ANTHROPIC_ITSELF, "claude-3-5-haiku-latest", written) > usd(
        ANTHROPIC_ITSELF, "claude-3-5-haiku-latest", fresh
    )


def test_input_that_anthropic_keeps_for_an_hour_costs_twice_as_much() -> None:
    def cost(for_an_hour: int) -> Decimal:
        usage = Usage(input=MILLION, cache_write=MILLION, cache_write_1h=for_an_hour)
        return usd(ANTHROPIC_ITSELF, "claude-opus-4-5", usage)

    fresh = usd(ANTHROPIC_ITSELF, "claude-opus-4-5", Usage(input=MILLION))
    assert cost(MILLION) == 2 * fresh
    assert cost(MILLION // 2) == (cost(0) + cost(MILLION)) / 2


def test_no_tokens_cost_nothing() -> None:
    assert usd(OPENAI_ITSELF, "gpt-4o", Usage()) == 0


def test_a_cost_is_exact_to_what_is_stored() -> None:
    cost = usd(OPENAI_ITSELF, "gpt-4o-mini", Usage(input=1, cached=1))
    assert cost > 0
    assert cost == cost.quantize(Decimal("0.00000001"))


@pytest.mark.parametrize("model", ["a-model-of-tomorrow", "llama3:8b", "", "x" * 300, "gpt-4o\0"])
def test_an_unknown_model_is_unpriced_which_is_not_free(model: str) -> None:
    assert packaged_prices.cost_of(OPENAI_ITSELF, model, USAGE) == UNPRICED
    assert packaged_prices.prices_of(OPENAI_ITSELF, model) is None
    assert UNPRICED.usd is None


@pytest.mark.parametrize("kind", [ProviderKind.LOCAL, ProviderKind.FAKE])
def test_local_models_cost_nothing(kind: ProviderKind) -> None:
    connection = Connection("here", kind, None, None)
    assert packaged_prices.cost_of(connection, "any", USAGE) == Cost(
        Decimal(0), CostSource.PRICE_TABLE
    )
    known = packaged_prices.prices_of(connection, "any")
    assert known is not None
    assert (known.input, known.output) == (Decimal(0), Decimal(0))


@pytest.mark.parametrize("address", ["http://127.0.0.1:11434/v1", "https://models.example.com/v1"])
def test_another_server_is_unpriced_whatever_it_calls_its_models(address: str) -> None:
    assert packaged_prices.cost_of(at(address), "gpt-4o", USAGE) == UNPRICED
    assert packaged_prices.prices_of(at(address), "gpt-4o") is None


def test_another_server_that_the_price_data_knows_has_its_own_prices() -> None:
    assert usd(at("https://api.groq.com/openai/v1"), "llama-3.3-70b-versatile", USAGE) > 0
    assert usd(at("https://openrouter.ai/api/v1"), "openai/gpt-4o", USAGE) > 0


@pytest.mark.parametrize("address", ["https://api.openai.com/v1", "https://eu.api.openai.com/v1"])
def test_openai_by_its_full_address_has_openais_prices(address: str) -> None:
    assert usd(at(address), "gpt-4o", USAGE) == usd(OPENAI_ITSELF, "gpt-4o", USAGE)
    assert packaged_prices.shortlist(at(address)) == packaged_prices.shortlist(OPENAI_ITSELF)


@pytest.mark.parametrize(
    "usage", [Usage(input=10, cached=20), Usage(input=10, cached=6, cache_write=6)]
)
def test_counts_that_contradict_each_other_are_unpriced(usage: Usage) -> None:
    assert packaged_prices.cost_of(ANTHROPIC_ITSELF, "claude-3-5-haiku-latest", usage) == UNPRICED


def test_the_largest_count_fits_its_column() -> None:
    most = Usage(input=1_000_000_000, output=1_000_000_000)
    assert usd(OPENAI_ITSELF, "o1-pro", most) < MILLION


@pytest.mark.parametrize("connection", [OPENAI_ITSELF, ANTHROPIC_ITSELF])
def test_the_price_data_lists_a_vendors_models(connection: Connection) -> None:
    listed = packaged_prices.shortlist(connection)
    assert len(listed) > 10
    assert not any(model.id.startswith("ft:") for model in listed)


def test_the_price_data_lists_no_models_of_other_servers() -> None:
    assert packaged_prices.shortlist(at("http://127.0.0.1:11434/v1")) == ()


def test_context_windows_are_known_as_far_as_the_data_goes() -> None:
    assert (packaged_prices.context_window_of(OPENAI_ITSELF, "gpt-4o") or 0) >= 128_000
    assert packaged_prices.context_window_of(OPENAI_ITSELF, "a-model-of-tomorrow") is None
