"""The cost of a call, from packaged price data (genai-prices)."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

import genai_prices
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, PriceCalculation, TieredPrices

from core.platform import clock
from core.presentation.money import Usd
from core.providers.chunks import Usage
from core.providers.schemas import Connection, Prices, ProviderKind

FREE = frozenset({ProviderKind.LOCAL, ProviderKind.FAKE})
UNIT = Decimal("0.00000001")  # as many digits as are stored
# Providers as OpenTelemetry, LangChain and LiteLLM name them, where the price data does not
PROVIDERS = {
    "x_ai": "x-ai",
    "gcp.gen_ai": "google",
    "azure.ai.inference": "azure",
    "azure_ai": "azure",
    "fireworks_ai": "fireworks",
    "strands-agents": "",  # a framework: the model alone tells
}


class CostSource(StrEnum):
    """Where a cost comes from. Unpriced means unknown, not zero."""

    REPORTED = "reported"
    PRICE_TABLE = "price_table"
    UNPRICED = "unpriced"


@dataclass(frozen=True)
class Cost:
    """US dollars of one call, or None when unpriced; `price_id` is in the price table."""

    usd: Decimal | None
    source: CostSource
    price_id: UUID | None = None

    def plus(self, other: "Cost") -> "Cost":
        """Return the sum of two calls of one model, unpriced when either is."""
        if self.usd is None or other.usd is None:
            return UNPRICED
        return replace(self, usd=self.usd + other.usd)


UNPRICED = Cost(None, CostSource.UNPRICED)
FREE_OF_CHARGE = Cost(Decimal(0), CostSource.PRICE_TABLE)


def cost_of(connection: Connection, model: str, usage: Usage) -> Cost:
    """Return the cost of a call; cached and cache-written tokens have prices of their own."""
    if connection.kind in FREE:
        return FREE_OF_CHARGE
    tokens = genai_prices.Usage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cached or None,
        cache_write_tokens=usage.cache_write or None,
        cache_write_1h_tokens=usage.cache_write_1h or None,
    )
    try:
        calculation = _price(connection, model, tokens)
    except (LookupError, ValueError):
        return UNPRICED
    return Cost(calculation.total_price.quantize(UNIT), CostSource.PRICE_TABLE)


class ListPrice(Prices):
    """A model's prices per million tokens, with that of writing to a cache."""

    cache_write: Usd | None = None


def prices_of(connection: Connection, model: str) -> ListPrice | None:
    """Return a model's prices per million tokens today, or None when they are unknown."""
    return _prices_at(connection, model, _noon())


@lru_cache(maxsize=2048)
def _prices_at(connection: Connection, model: str, at: datetime) -> ListPrice | None:
    if connection.kind in FREE:
        return ListPrice(input=Decimal(0), output=Decimal(0))
    try:
        price = _price(connection, model, genai_prices.Usage(), at).model_price
    except (LookupError, ValueError):
        return None
    return _lowest_tier(price)


def list_price(provider: str, model: str) -> ListPrice | None:
    """Return the packaged price of a model, by the names that senders use, or None when unknown."""
    if provider in FREE:
        return ListPrice(input=Decimal(0), output=Decimal(0))
    try:
        price = genai_prices.calc_price(
            genai_prices.Usage(),
            model,
            provider_id=PROVIDERS.get(provider, provider) or None,
            genai_request_timestamp=_noon(),
        ).model_price
    except (LookupError, ValueError):
        return None
    return _lowest_tier(price)


def context_window_of(connection: Connection, model: str) -> int | None:
    """Return a model's context window in tokens, or None when the price data does not have it."""
    model_info = next((info for info in shortlist(connection) if info.id == model), None)
    return model_info.context_window if model_info else None


@lru_cache(maxsize=64)
def shortlist(connection: Connection) -> tuple[ModelInfo, ...]:
    """Return the vendor's models in the price data, until its own list is known."""
    if not connection.is_vendor:
        return ()
    vendors = (provider for provider in get_snapshot().providers if provider.id == connection.kind)
    return tuple(
        model for provider in vendors for model in provider.models if not model.id.startswith("ft:")
    )


def _price(
    connection: Connection, model: str, usage: genai_prices.Usage, at: datetime | None = None
) -> PriceCalculation:
    """Return the price of a call at a time, else now."""
    if connection.base_url is not None and not connection.is_vendor:
        return genai_prices.calc_price(
            usage, model, provider_api_url=connection.base_url, genai_request_timestamp=at
        )
    return genai_prices.calc_price(
        usage, model, provider_id=connection.kind.value, genai_request_timestamp=at
    )


def _noon() -> datetime:
    # Some vendors are cheaper by night: stored prices would change with the hours
    return clock.now().replace(hour=12, minute=0, second=0, microsecond=0)


def _lowest_tier(price: ModelPrice) -> ListPrice | None:
    amounts = [
        price.input_mtok,
        price.output_mtok,
        price.cache_read_mtok,
        price.cache_write_mtok,
    ]
    input_usd, output_usd, cached_usd, cache_write_usd = (
        amount.base if isinstance(amount, TieredPrices) else amount for amount in amounts
    )
    return (
        ListPrice(
            input=input_usd,
            output=output_usd or Decimal(0),  # embeddings have none
            cached_input=cached_usd,
            cache_write=cache_write_usd,
        )
        if input_usd is not None
        else None
    )
