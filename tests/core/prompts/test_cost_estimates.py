"""Monthly costs are estimated from texts, given tokens, or the measured calls of a prompt."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from pydantic import ValidationError

from core.database.db import transaction
from core.identity.schemas import Actor, Role
from core.platform import clock
from core.prompts.cost_estimates import CostEstimateRequest, MonthlyCostEstimate, TokenBasis
from core.prompts.errors import AnswerLengthMissing, PromptMissing
from core.prompts.queries.cost_estimates import FEWEST_CALLS, estimate_costs
from core.prompts.queries.prompts import get_prompt
from core.prompts.queries.versions import read_version
from core.providers.errors import ModelMissing
from core.providers.provider_schemas import NewProvider
from core.providers.queries import token_prices
from core.providers.schemas import ProviderKind
from core.providers.service import providers
from tests.factories.identity import person
from tests.factories.prompts import create, label, save
from tests.factories.requests import price
from tests.factories.usage import used

OPENAI = "vendor:small"


@pytest.fixture
def admin(database: object) -> Actor:
    token_prices.clear_cache()  # what the test before has priced
    actor = person(Role.ADMIN).actor
    new_provider = NewProvider(name="vendor", kind=ProviderKind.OPENAI, api_key="sk-x")
    with transaction() as session:
        providers.add(session, new_provider, actor=actor)
    price(
        actor, "small", clock.now() - timedelta(days=1), provider="vendor", input="2", output="10"
    )
    return actor


def estimated(actor: Actor, **request: object) -> MonthlyCostEstimate:
    wanted = {"calls_per_day": 1000, "models": [OPENAI], **request}
    with transaction() as session:
        return estimate_costs(session, CostEstimateRequest.model_validate(wanted), actor=actor)


def version_of(actor: Actor, name: str, reference: str) -> UUID:
    with transaction() as session:
        prompt = get_prompt(session, name, actor=actor)
        return read_version(session, prompt.id, reference).id


def test_cost_is_of_a_call_a_day_and_thirty_days(admin: Actor) -> None:
    found = estimated(admin, input_tokens=1000, max_tokens=200)
    [row] = found.items
    assert found.is_estimate
    assert (found.input_basis, found.output_basis) == (TokenBasis.GIVEN, TokenBasis.GIVEN)
    assert (row.cost_per_call_usd, row.cost_per_day_usd) == (Decimal("0.004"), Decimal(4))
    assert (row.cost_per_month_usd, found.days_per_month) == (Decimal(120), 30)


def test_a_model_without_a_price_has_no_cost_and_a_free_one_costs_nothing(admin: Actor) -> None:
    models = ["vendor:unheard-of", "fake:echo"]
    found = estimated(admin, models=models, input_tokens=1000, max_tokens=200)
    assert [(row.is_priced, row.cost_per_month_usd) for row in found.items] == [
        (False, None),
        (True, Decimal(0)),
    ]


def test_texts_are_estimated_by_their_length(admin: Actor) -> None:
    found = estimated(admin, system_prompt="x" * 400, prompt="x" * 40, max_tokens=1)
    assert (found.input_tokens, found.input_basis) == (110, TokenBasis.ESTIMATED)


def test_a_prompt_has_its_own_limit_and_names_the_variables_that_are_not_counted(
    admin: Actor,
) -> None:
    text = "x" * 396 + "{{one}}{{two}}"
    create(admin, prompt=text, default_parameters={"max_tokens": 50})
    found = estimated(admin, template_id="support", variables={"one": "four"})
    assert (found.input_tokens, found.unfilled) == (100, ["two"])
    assert (found.output_tokens, found.output_basis) == (50, TokenBasis.LIMIT)


def test_a_measured_prompt_has_the_average_tokens_of_its_version(admin: Actor) -> None:
    made = create(admin, default_parameters={"max_tokens": 50})
    save(admin, made.id, prompt="Hello again")
    label(admin, made.id, 1)
    version = version_of(admin, "support", "1")
    for number in range(FEWEST_CALLS):
        used(admin, template_version_id=version, input_tokens=100 + number % 2, output_tokens=30)
    used(admin, template_version_id=version, output_tokens=9000, status="failed")
    used(admin, template_version_id=version, output_tokens=0, cached_from=version)
    before = clock.now() - timedelta(days=31)
    used(admin, before, template_version_id=version, output_tokens=9000)
    found = estimated(admin, template_id="support@production")
    assert (found.input_tokens, found.output_tokens) == (100, 30)
    assert (found.output_basis, found.measured_calls) == (TokenBasis.MEASURED, FEWEST_CALLS)
    assert estimated(admin, template_id="support").output_basis is TokenBasis.LIMIT
    longer = estimated(admin, template_id="support@production", max_tokens=80)
    assert (longer.output_tokens, longer.output_basis) == (80, TokenBasis.GIVEN)


def test_an_answer_of_unknown_length_is_refused(admin: Actor) -> None:
    create(admin)
    for request in ({"template_id": "support"}, {"prompt": "Hello"}):
        with pytest.raises(AnswerLengthMissing):
            estimated(admin, **request)


def test_unknown_models_and_prompts_of_others_are_not_found(admin: Actor) -> None:
    with pytest.raises(ModelMissing):
        estimated(admin, models=["nowhere"], input_tokens=1, max_tokens=1)
    create(person(Role.ADMIN).actor, "theirs")
    with pytest.raises(PromptMissing):
        estimated(admin, template_id="theirs", max_tokens=1)


@pytest.mark.parametrize("inputs", [{}, {"prompt": "x", "input_tokens": 1}])
def test_exactly_one_input_is_taken(inputs: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CostEstimateRequest.model_validate({"calls_per_day": 1, "models": ["a"], **inputs})
