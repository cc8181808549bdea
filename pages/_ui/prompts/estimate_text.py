"""What a call would cost, as captions say it before the call is made."""

from core.presentation import formatting
from core.prompts.estimates import CallEstimate


def estimate_facts(found: CallEstimate) -> list[str]:
    """Return the tokens, the most tokens of the answer and the highest cost, as far as known."""
    facts = [f"about {formatting.count(found.input_tokens, 'token')}"]
    if found.max_output_tokens is not None:
        facts.append(f"up to {found.max_output_tokens:,} for the answer")
    if found.max_cost_usd is not None:
        facts.append(f"at most {formatting.money(found.max_cost_usd)}")
    return facts
