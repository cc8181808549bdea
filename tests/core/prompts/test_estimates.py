"""What a call would cost is estimated before it is made."""

from decimal import Decimal
from uuid import UUID

from core.prompts.estimates import estimate
from core.prompts.views import RenderedPrompt
from core.providers.schemas import (
    Capabilities,
    ChatMessage,
    MessageRole,
    ModelView,
    Parameters,
    Prices,
)

MODEL = ModelView(
    id="openai:small",
    name="small",
    provider="openai",
    context_window=1000,
    prices=Prices(input=Decimal(2), output=Decimal(10)),
    capabilities=Capabilities(tools=False, parameters={}),
)


def rendered(max_tokens: int | None) -> RenderedPrompt:
    return RenderedPrompt(
        name="a",
        version=1,
        version_id=UUID(int=1),
        system_prompt="x" * 400,
        messages=[ChatMessage(role=MessageRole.USER, content="ä" * 200)],
        prompt="x" * 397,
        parameters=Parameters(max_tokens=max_tokens),
        model_id=MODEL.id,
    )


def test_it_is_of_all_texts_by_their_bytes_and_of_the_longest_answer() -> None:
    found = estimate(rendered(100), MODEL)
    assert (found.input_tokens, found.max_output_tokens) == (300, 100)
    assert found.max_cost_usd == Decimal("0.0016")


def test_without_a_limit_or_a_price_no_cost_is_claimed() -> None:
    assert estimate(rendered(None), MODEL).max_cost_usd is None
    assert estimate(rendered(100), MODEL.model_copy(update={"prices": None})).max_cost_usd is None
    assert estimate(rendered(100), None).max_cost_usd is None
