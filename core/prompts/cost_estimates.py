"""What calls would cost a day and a month: the request, and the table by model."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.executions.schemas import MAX_TEXT_CHARS
from core.identity.schemas import View
from core.ingest.json_objects import JsonObject
from core.presentation.money import Usd

DAYS_PER_MONTH = 30
MAX_TOKENS = 10_000_000
MAX_CALLS = 1_000_000_000


class TokenBasis(StrEnum):
    """Where a number of tokens comes from: the request, the length of the text, the average of
    measured calls, or the limit of the answer.
    """

    GIVEN = "given"
    ESTIMATED = "estimated"
    MEASURED = "measured"
    LIMIT = "limit"


class CostEstimateRequest(BaseModel):
    """Calls a day of a prompt, of texts, or of a number of input tokens, with each model.

    `template_id` is an ID, a name or `name@label`. Answers have `max_tokens`; without it, the
    prompt's measured average, else its own limit.
    """

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "calls_per_day": 10_000,
                "models": ["fake:echo"],
                "system_prompt": "Answer in one sentence.",
                "prompt": "What is the capital of France?",
                "max_tokens": 200,
            }
        },
    )

    calls_per_day: int = Field(ge=1, le=MAX_CALLS)
    models: tuple[str, ...] = Field(min_length=1, max_length=20)
    template_id: str | None = Field(default=None, max_length=200)
    variables: JsonObject = Field(default_factory=dict)
    prompt: str = Field(default="", max_length=MAX_TEXT_CHARS)
    system_prompt: str = Field(default="", max_length=MAX_TEXT_CHARS)
    input_tokens: int | None = Field(default=None, ge=1, le=MAX_TOKENS)
    max_tokens: int | None = Field(default=None, ge=1, le=1_000_000)

    @model_validator(mode="after")
    def _has_one_input(self) -> Self:
        inputs = (self.template_id, self.prompt or self.system_prompt, self.input_tokens)
        if sum(bool(each) for each in inputs) != 1:
            raise ValueError("Pass one of `template_id`, `prompt` and `input_tokens`.")
        return self


class ModelCost(View):
    """The cost of one model in US dollars; null for a model without a price."""

    model_id: str
    is_priced: bool
    cost_per_call_usd: Usd | None
    cost_per_day_usd: Usd | None
    cost_per_month_usd: Usd | None


class MonthlyCostEstimate(View):
    """An estimate of monthly costs, for each model in the order of the request.

    Tokens are those of one call. `measured_calls` are those that averages come from; `unfilled`
    names variables whose values are not in `input_tokens`.
    """

    is_estimate: bool = True
    calls_per_day: int
    days_per_month: int = DAYS_PER_MONTH
    input_tokens: int
    input_basis: TokenBasis
    output_tokens: int
    output_basis: TokenBasis
    measured_calls: int = 0
    unfilled: list[str]
    items: list[ModelCost]
