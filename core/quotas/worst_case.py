"""The most that a call may use, which is reserved before it is made."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain

from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from core.providers import images
from core.providers.chunks import Usage
from core.providers.queries import token_prices
from core.providers.schemas import Capabilities, ModelCall, ParameterName, Parameters, Route

DEFAULT_MAX_TOKENS = 4096  # of an answer, besides what it may think
PROTOCOL_TOKENS = 50  # which a vendor adds to every call
TOOL_TOKENS = 700  # which a vendor adds to explain tools or a form
_JSON = TypeAdapter[object](object)


@dataclass(frozen=True)
class WorstCase:
    """Tokens, and US dollars or None when the model has no price."""

    tokens: int
    cost: Decimal | None


NOTHING = WorstCase(0, Decimal(0))  # of an answer that no model is called for


def with_max_tokens(parameters: Parameters, capabilities: Capabilities) -> Parameters:
    """Return parameters that limit the answer: without a limit, what it may cost is unknown."""
    known = capabilities.parameters.get(ParameterName.MAX_TOKENS)
    if parameters.max_tokens is not None or known is None:
        return parameters
    most = DEFAULT_MAX_TOKENS + (parameters.thinking_budget or 0)
    allowed = int(known.maximum) if known.maximum else most
    return parameters.model_copy(update={"max_tokens": min(most, allowed)})


def worst_case(session: Session, route: Route, call: ModelCall, at: datetime) -> WorstCase:
    """Return the most that a call may use."""
    given, output = _most_input(call), call.parameters.max_tokens
    if output is None:
        output = route.model.context_window or DEFAULT_MAX_TOKENS
    rate = token_prices.find_with(session, route, at)
    # Tokens that are written to the vendor's cache may cost more than others, or less.
    for_an_hour = given if call.parameters.prompt_cache_ttl == "1h" else 0
    usages = (
        Usage(input=given, output=output),
        Usage(input=given, output=output, cache_write=given, cache_write_1h=for_an_hour),
    )
    costs = [token_prices.cost_of(route, usage, rate) for usage in usages]
    known = [cost.usd for cost in costs if cost.usd is not None]
    return WorstCase(given + output, max(known, default=None))


def _most_input(call: ModelCall) -> int:
    """Return the most tokens that a call's input can have: one for each byte."""
    system = [call.system_prompt] if call.system_prompt else []
    texts = chain(system, call.messages, call.tools, [call.response_schema or ""])
    explained = TOOL_TOKENS if call.tools or call.response_schema else 0
    shown = sum(len(images.jpegs_of(message)) for message in call.messages) * images.MOST_TOKENS
    return PROTOCOL_TOKENS + explained + shown + sum(len(_JSON.dump_json(each)) for each in texts)
