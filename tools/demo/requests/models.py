"""Models of the demo, their speed and their prices."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from core.providers import packaged_prices
from core.providers.queries.token_prices import ALWAYS, PICO, Rate

UNIT = Decimal("0.00000001")


@dataclass(frozen=True)
class Model:
    """A model, and how fast it usually is."""

    provider: str
    name: str
    first_token_ms: float
    ms_a_token: float
    spread: float = 0.35


SMALL = Model("openai", "gpt-4.1-mini", 420, 7.5)
LARGE = Model("openai", "gpt-4.1", 560, 11)
CAREFUL = Model("anthropic", "claude-sonnet-4-5", 900, 14)
MANY_TONGUES = Model("google", "gemini-2.5-flash", 520, 5)
TITLES = Model("openai", "gpt-4.1-nano", 260, 5)
NOTES = Model("mistral", "mistral-small-latest", 340, 8)
EMBEDDINGS = Model("mistral", "mistral-embed", 85, 0)


def cost_of(row: dict[str, Any]) -> tuple[Decimal, int]:
    """Return a request's cost by the packaged price list, and its tokens."""
    heard, said = row.get("input_tokens", 0), row.get("output_tokens", 0)
    units = _rate(row["provider"], row["model"]).cost(heard, said, row.get("cached_tokens", 0), 0)
    return units * UNIT, heard + said


@cache
def _rate(provider: str, model: str) -> Rate:
    found = packaged_prices.list_price(provider, model)
    if found is None:
        raise LookupError(f"no price of {model}")
    cached = found.cached_input if found.cached_input is not None else found.input
    written = found.cache_write if found.cache_write is not None else found.input
    return Rate(
        UUID(int=0),
        ALWAYS,
        *(int(each * PICO) for each in (found.input, found.output, cached, written)),
    )
