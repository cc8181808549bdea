"""The parameters that a personality gives, by the formulas of specification D as amended."""

from core.bots.schemas import BotContent, BotParameters, ResponseStyle

MAX_TOKENS = {
    ResponseStyle.CONCISE: 150,
    ResponseStyle.DETAILED: 500,
    ResponseStyle.CONVERSATIONAL: 300,
}
FREQUENCY_PENALTY = 0.1


def from_formulas(content: BotContent) -> BotParameters:
    """Return the parameters without overrides."""
    traits = content.personality_traits
    warmth = 0.3 + 0.5 * (traits.enthusiasm + 100 - traits.formality) / 200
    return BotParameters(
        temperature=_clamp(warmth, 0.1, 1.0),
        max_tokens=MAX_TOKENS[content.response_style],
        presence_penalty=_clamp(0.6 - traits.technical_depth / 200, 0.0, 1.0),
        frequency_penalty=FREQUENCY_PENALTY,
    )


def parameters_of(content: BotContent) -> BotParameters:
    """Return the parameters of a bot's calls, its overrides included."""
    overrides = content.parameters.model_dump(exclude_none=True)
    return from_formulas(content).model_copy(update=overrides)


def overridden(content: BotContent) -> list[str]:
    """Return the names of the parameters that were set by hand."""
    return list(content.parameters.model_dump(exclude_none=True))


def _clamp(value: float, low: float, high: float) -> float:
    return round(min(high, max(low, value)), 4)
