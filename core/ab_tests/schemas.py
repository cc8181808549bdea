"""A/B tests to create: two variants, cases, and a judge."""

from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from core.database.tables import storable
from core.evaluations.cases.case_schemas import InlineCase, InlineCases
from core.evaluations.schemas import (
    MOST_RUNS,
    EvaluationName,
    EvaluationSplit,
    EvaluationTarget,
)
from core.executions.schemas import CostLimit
from core.identity.schemas import View
from core.providers.schemas import Parameters
from core.scoring.schemas import ModelId, Rubric

MOST_SCENARIOS = 20
MAX_RUBRIC_CHARS = 4000  # outcomes of a scenario are added to it
QUALITY_RUBRIC = (
    "The answer is correct, answers all of what was asked, claims nothing that it cannot know, and "
    "is clear and helpful to a customer."
)

Description = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=2000), AfterValidator(storable)
]


class VariantId(StrEnum):
    """One of the two variants; A is the first target of the evaluation, B the second."""

    A = "A"
    B = "B"

    @property
    def target(self) -> int:
        return 1 if self is VariantId.A else 2


def _version_of_a_bot_or_prompt(variant: EvaluationTarget) -> EvaluationTarget:
    if variant.bot_id is None and variant.template_id is None:
        raise ValueError("A variant is a bot or a prompt: pass `bot_id` or `template_id`.")
    if variant.service_id is not None:
        raise ValueError("A variant is answered by a model, not by a service.")
    return variant


NewVariant = Annotated[EvaluationTarget, AfterValidator(_version_of_a_bot_or_prompt)]


class NewAbTest(BaseModel):
    """An A/B test to create: two variants, and cases from one source.

    A judge scores each answer by the rubric, and says how it sounds. Without one, quality is the
    share of cases whose own expectations are met, and consistency is not measured.
    """

    model_config = ConfigDict(
        frozen=True,
        protected_namespaces=(),
        json_schema_extra={
            "example": {
                "test_name": "Warmer answers",
                "variants": [
                    {"name": "Today", "template_id": "support@production"},
                    {"name": "Warm", "template_id": "support", "version": 3},
                ],
                "test_cases": [{"input": "Can I get a refund?"}, {"input": "Where is my order?"}],
                "judge_model_id": "openai:gpt-5",
            }
        },
    )

    test_name: EvaluationName
    description: Description = ""
    variants: tuple[NewVariant, NewVariant]
    test_cases: InlineCases = ()
    dataset_id: UUID | None = None
    dataset_version: int | None = Field(
        default=None, ge=1, description="Else the newest at each run."
    )
    split: EvaluationSplit = EvaluationSplit.ALL
    scenario_ids: tuple[UUID, ...] = Field(
        default=(), max_length=MOST_SCENARIOS, description="Each message of a scenario is a case."
    )
    judge_model_id: ModelId | None = None
    rubric: Annotated[Rubric, Field(max_length=MAX_RUBRIC_CHARS)] = QUALITY_RUBRIC
    runs: int = Field(default=1, ge=1, le=MOST_RUNS, description="Of each case, by each variant.")
    cost_limit_usd: CostLimit | None = Field(
        default=None, description="Calls, of judges too, stop when this much is spent."
    )

    @model_validator(mode="after")
    def _has_cases_that_can_be_scored(self) -> Self:
        sources = (self.test_cases, self.dataset_id, self.scenario_ids)
        if sum(bool(each) for each in sources) != 1:
            raise ValueError("Pass one of `test_cases`, `dataset_id` and `scenario_ids`.")
        if self.judge_model_id is None and not all(
            case.expected_output or case.assertions for case in self.test_cases
        ):
            raise ValueError("Pass `judge_model_id`, or an expectation with each case.")
        return self


class AbTestChange(BaseModel):
    """Changes of an A/B test. Variants and cases stay: other ones are another test.

    A cost limit also holds for the run in progress; null removes it.
    """

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"test_name": "Warmer answers, again"}}
    )

    test_name: EvaluationName | None = None
    description: Description | None = None
    cost_limit_usd: CostLimit | None = None


class Variant(View):
    """A variant as it is compared: a version of a bot or prompt, and the model that answers.

    Both variants answer every case, so that each has half of the weight.
    """

    model_config = ConfigDict(protected_namespaces=())

    id: VariantId
    name: str
    title: str = Field(description="The bot or prompt with its version, and the model.")
    bot_id: UUID | None = None
    template_id: UUID | None = None
    version: int
    model_id: str
    parameters: Parameters = Parameters()
    weight: int = 50


class AbTestDefinition(BaseModel):
    """What an A/B test runs besides its variants; it is stored encrypted, as one text."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    test_cases: tuple[InlineCase, ...] = ()
    dataset_id: UUID | None = None
    dataset_version: int | None = None
    split: EvaluationSplit = EvaluationSplit.ALL
    scenario_ids: tuple[UUID, ...] = ()
    judge_model_id: str | None = None
    rubric: str = QUALITY_RUBRIC
    runs: int = 1
    cost_limit_usd: CostLimit | None = None
