"""The cost of a call, from packaged price data; an unknown price is not zero."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

import genai_prices
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, PriceCalculation, TieredPrices

from core.presentation.money import Usd
from core.providers.chunks import Usage
from core.providers.schemas import Connection, Prices, ProviderKind

FREE = frozenset({ProviderKind.LOCAL, ProviderKind.FAKE})
NANO = Decimal("0.00000001")


class CostSource(StrEnum):
    """Where a cost comes from; unpriced is not zero."""

    REPORTED = "reported"
    PRICE_TABLE = "price_table"
    UNPRICED = "unpriced"


@dataclass(frozen=True)
class Cost:
    """US dollars of one call, and how they are known."""

    usd: Decimal | None
    source: CostSource


UNPRICED = Cost(None, CostSource.UNPRICED)


def cost_of(connection: Connection, model: str, usage: Usage) -> Cost:
    """Return the cost of a call; cached and cache-written input is priced as such."""
    if connection.kind in FREE:
        return Cost(Decimal(0), CostSource.PRICE_TABLE)
    counted = genai_prices.Usage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cached or None,
        cache_write_tokens=usage.cache_write or None,
    )
    try:
        priced = _price(connection, model, counted)
    except (LookupError, ValueError):
        return UNPRICED
    return Cost(priced.total_price.quantize(NANO), CostSource.PRICE_TABLE)


@lru_cache(maxsize=2048)
def prices_of(connection: Connection, model: str) -> Prices | None:
    """Return a model's prices per million tokens, or None when nobody knows them."""
    if connection.kind in FREE:
        return Prices(input=Decimal(0), output=Decimal(0))
    try:
        price = _price(connection, model, genai_prices.Usage()).model_price
    except (LookupError, ValueError):
        return None
    return _lowest_tier(price)


class ListPrice(Prices):
    """A model's prices per million tokens as the price table keeps them."""

    cache_write: Usd | None = None


def list_price(provider: str, model: str) -> ListPrice | None:
    """Return what the packaged data says of a model of a provider, by the names that senders use; None when it knows nothing."""
    if provider in FREE:
        return ListPrice(input=Decimal(0), output=Decimal(0))
    try:
        found = genai_prices.calc_price(genai_prices.Usage(), model, provider_id=provider or None).model_price
    except (LookupError, ValueError):
        return None
    known = _lowest_tier(found)
    written = found.cache_write_mtok
    base = written.base if isinstance(written, TieredPrices) else written
    return ListPrice(**known.model_dump(), cache_write=base) if known else None


def context_window_of(connection: Connection, model: str) -> int | None:
    """Return how many tokens a model reads, as far as the price data knows."""
    found = next((known for known in shortlist(connection) if known.id == model), None)
    return found.context_window if found else None


@lru_cache(maxsize=64)
def shortlist(connection: Connection) -> tuple[ModelInfo, ...]:
    """Return the vendor's models that the price data knows: what is offered before the vendor itself was asked."""
    if not connection.is_vendor:
        return ()
    vendors = (provider for provider in get_snapshot().providers if provider.id == connection.kind)
    return tuple(model for provider in vendors for model in provider.models if not model.id.startswith("ft:"))


def _price(connection: Connection, model: str, usage: genai_prices.Usage) -> PriceCalculation:
    if connection.base_url is not None and not connection.is_vendor:
        return genai_prices.calc_price(usage, model, provider_api_url=connection.base_url)
    return genai_prices.calc_price(usage, model, provider_id=connection.kind.value)


def _lowest_tier(price: ModelPrice) -> Prices | None:
    amounts = [price.input_mtok, price.output_mtok, price.cache_read_mtok]
    first, second, third = (amount.base if isinstance(amount, TieredPrices) else amount for amount in amounts)
    return Prices(input=first, output=second, cached_input=third) if first is not None and second is not None else None
