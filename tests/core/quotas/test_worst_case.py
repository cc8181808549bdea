"""The most that a call may use, which is reserved before it is made."""

from decimal import Decimal

import pytest

from core.database.db import transaction
from core.platform import clock
from core.providers.schemas import Connection, Parameters
from core.quotas.worst_case import worst_case
from tests.factories.providers import ANTHROPIC, call, route

pytestmark = pytest.mark.usefixtures("database")
ANTHROPIC_ITSELF = Connection("anthropic", ANTHROPIC, None, "k")


def most_of_input(**parameters: object) -> Decimal:
    """Return the most that a call may cost whose answer costs nearly nothing."""
    asked = call(
        "claude-opus-4-5",
        "x" * 10_000,
        parameters=Parameters.model_validate({"max_tokens": 1, **parameters}),
    )
    with transaction() as session:
        most = worst_case(session, route(ANTHROPIC_ITSELF, asked.model), asked, clock.now()).cost
    assert most is not None
    return most


def test_a_call_whose_input_is_kept_for_an_hour_may_cost_what_that_costs() -> None:
    # Cost limits and quotas could be passed by such calls
    for_minutes = most_of_input(prompt_cache_ttl="5m")
    assert for_minutes == most_of_input()
    assert 1.59 < most_of_input(prompt_cache_ttl="1h") / for_minutes < 1.61
