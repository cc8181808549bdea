"""What a call of a rendered prompt would cost, before it is made."""

from collections.abc import Iterable
from decimal import Decimal

from core.identity.schemas import View
from core.presentation.money import Usd
from core.prompts.views import RenderedPrompt
from core.providers.schemas import ModelView, Prices

BYTES_PER_TOKEN = 4  # of UTF-8: bytes, because letters beyond ASCII take more tokens
MILLION = 1_000_000


class CallEstimate(View):
    """Tokens of the input, the most tokens of the answer, and the most that both cost.

    Without a limit of the answer or a price, the cost is null.
    """

    input_tokens: int
    max_output_tokens: int | None
    max_cost_usd: Usd | None


def tokens_in(text: str) -> int:
    """Return about how many tokens a text has."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def estimate(rendered: RenderedPrompt, model: ModelView | None) -> CallEstimate:
    """Return the estimate of one call; without a model, of its tokens alone."""
    texts = (rendered.system_prompt, *(each.content for each in rendered.messages), rendered.prompt)
    return estimate_texts(texts, rendered.parameters.max_tokens, model)


def estimate_texts(
    texts: Iterable[str | None], most: int | None, model: ModelView | None
) -> CallEstimate:
    """Return the estimate of a call with these texts and at most this many tokens of answer."""
    tokens = sum(tokens_in(text or "") for text in texts)
    prices = model.prices if model is not None else None
    cost = cost_of(prices, tokens, most) if prices is not None and most is not None else None
    return CallEstimate(input_tokens=tokens, max_output_tokens=most, max_cost_usd=cost)


def cost_of(prices: Prices, input_tokens: int, output_tokens: int) -> Decimal:
    """Return the US dollars of one call without cached tokens."""
    return (input_tokens * prices.input + output_tokens * prices.output) / MILLION
