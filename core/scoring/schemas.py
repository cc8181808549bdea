"""Scorers as people write them, what they score, and their results."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WrapValidator,
    model_validator,
)

from core.identity.schemas import View
from core.ingest.json_objects import JsonObject
from core.ingest.pattern_budget import checked, within_budget
from core.presentation.money import Usd
from core.scoring.json_schemas import checked_schema

MAX_SCORERS = 20  # in one list
MAX_SCORERS_IN_ALL = 50  # with those of all and any
MAX_DEPTH = 4  # levels of all and any
MAX_EXPECTED_CHARS = 100_000

ExpectedText = Annotated[str, StringConstraints(max_length=MAX_EXPECTED_CHARS)]
Keyword = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Rubric = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
ScorerName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
ModelId = Annotated[str, StringConstraints(min_length=1, max_length=300)]
PatternText = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Scorer(BaseModel):
    """What every kind has; with `negate`, it passes when it would not, and the score is 1 − score.

    A `weight` of 0 shows the result without counting it.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        protected_namespaces=(),
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        # One schema in both directions: two would describe every scorer twice in the API
        json_schema_mode_override="validation",
    )

    name: ScorerName | None = None
    weight: float = Field(default=1, ge=0, le=1000, allow_inf_nan=False)
    negate: bool = False


class ContainsScorer(_Scorer):
    """Texts that the answer must contain; the score is the share of them."""

    kind: Literal["contains"] = "contains"
    values: tuple[Keyword, ...] = Field(min_length=1, max_length=50)
    match: Literal["all", "any"] = "all"
    case_sensitive: bool = False


class ExactScorer(_Scorer):
    """The text that the answer must be, apart from white space around it."""

    kind: Literal["exact"] = "exact"
    value: ExpectedText | None = Field(default=None, description="Else the case's reference.")
    case_sensitive: bool = True


class RegexScorer(_Scorer):
    """An RE2 pattern to be found in the answer."""

    kind: Literal["regex"] = "regex"
    pattern: PatternText
    case_sensitive: bool = True

    @model_validator(mode="after")
    def _compiles(self) -> Self:
        checked(self.pattern, case_sensitive=self.case_sensitive)
        return self


class JsonSchemaScorer(_Scorer):
    """A JSON Schema (2020-12) of the answer, which is JSON, at most in a fence of Markdown."""

    kind: Literal["json_schema"] = "json_schema"
    json_schema: Annotated[JsonObject, AfterValidator(checked_schema)] = Field(
        default_factory=dict, alias="schema", description="Without one, any JSON passes."
    )


class NumericScorer(_Scorer):
    """A number to be found in the answer, within `tolerance` or `relative_tolerance` of it.

    With a `unit`, such as `$`, `%` or `kg`, only numbers that have it beside them count.
    """

    kind: Literal["numeric"] = "numeric"
    value: float | None = Field(
        default=None, allow_inf_nan=False, description="Else the first number of the reference."
    )
    tolerance: float = Field(default=0, ge=0, allow_inf_nan=False)
    relative_tolerance: float = Field(default=0, ge=0, le=1)
    unit: Annotated[str, StringConstraints(strip_whitespace=True, max_length=20)] | None = None
    position: Literal["any", "first", "last"] = "any"


class SimilarityScorer(_Scorer):
    """How similar the answer's meaning is to a text, by embeddings.

    Without a model that has embeddings, words are compared, and the result says so.
    """

    kind: Literal["similarity"] = "similarity"
    value: ExpectedText | None = Field(default=None, description="Else the case's reference.")
    threshold: Share = 0.8
    model_id: ModelId | None = Field(
        default=None, description="A model with embeddings; else the first that there is."
    )


class JudgeScorer(_Scorer):
    """A model that scores the answer from 1 to 5 by a rubric; the result is from 0 to 1."""

    kind: Literal["judge"] = "judge"
    rubric: Rubric
    judge_model_id: ModelId | None = Field(default=None, description="Else the default model.")
    threshold: Share = 0.7


class PairwiseScorer(_Scorer):
    """A model that compares the answer with another, in both orders.

    1 is better, 0 is worse, 0.5 is a tie or a verdict that depends on the order.
    """

    kind: Literal["pairwise"] = "pairwise"
    rubric: Rubric
    value: ExpectedText | None = Field(
        default=None, description="The other answer, else the case's reference."
    )
    judge_model_id: ModelId | None = Field(default=None, description="Else the default model.")
    threshold: Share = 0.5


class ToolCalledScorer(_Scorer):
    """A tool that must have been called, with these arguments among its own."""

    kind: Literal["tool_called"] = "tool_called"
    tool: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,128}$")]
    arguments: JsonObject = Field(default_factory=dict)


class LatencyScorer(_Scorer):
    """The most milliseconds that the answer may take."""

    kind: Literal["latency"] = "latency"
    max_ms: int = Field(ge=1, le=86_400_000)


class CostScorer(_Scorer):
    """The most US dollars that the answer may cost."""

    kind: Literal["cost"] = "cost"
    max_usd: Usd = Field(ge=0, lt=10**6, decimal_places=8)


class _Group(_Scorer):
    scorers: tuple["ScorerSpec", ...] = Field(min_length=1, max_length=MAX_SCORERS)

    @model_validator(mode="after")
    def _is_within_limits(self) -> Self:
        check_limits([self])
        return self


class AllScorer(_Group):
    """Scorers that must all pass; the score is the lowest of theirs."""

    kind: Literal["all"] = "all"


class AnyScorer(_Group):
    """Scorers that pass when one of them does; the score is the highest of theirs."""

    kind: Literal["any"] = "any"


ScorerSpec = Annotated[
    ContainsScorer
    | ExactScorer
    | RegexScorer
    | JsonSchemaScorer
    | NumericScorer
    | SimilarityScorer
    | JudgeScorer
    | PairwiseScorer
    | ToolCalledScorer
    | LatencyScorer
    | CostScorer
    | AllScorer
    | AnyScorer,
    Field(discriminator="kind"),
]


def check_limits(specs: Sequence[object]) -> None:
    """Raise ValueError when scorers are nested too deep, or are too many with those inside."""
    level: list[object] = list(specs)
    count = 0
    for _ in range(MAX_DEPTH + 1):
        count += len(level)
        level = [child for spec in level for child in _inside(spec)]
    if level:
        raise ValueError(f"Scorers can be nested {MAX_DEPTH} levels deep.")
    if count > MAX_SCORERS_IN_ALL:
        raise ValueError(f"There can be {MAX_SCORERS_IN_ALL} scorers at most.")


def _inside(spec: object) -> Iterator[object]:
    if isinstance(spec, AllScorer | AnyScorer):
        yield from spec.scorers


def _within_limits(specs: tuple[object, ...]) -> tuple[object, ...]:
    check_limits(specs)
    return specs


_Scorers = Annotated[tuple[ScorerSpec, ...], Field(max_length=MAX_SCORERS)]
# The scorers of a case or an evaluation
ScorerList = Annotated[_Scorers, AfterValidator(_within_limits), WrapValidator(within_budget)]

AllScorer.model_rebuild()
AnyScorer.model_rebuild()


class ScoredToolCall(View):
    """A tool call of an answer; `arguments` that were no JSON object are empty."""

    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class ScoredAnswer(View):
    """An answer to score; `cost_usd` is null when unpriced, `error` says why there is none."""

    text: str = ""
    tool_calls: tuple[ScoredToolCall, ...] = ()
    latency_ms: int | None = None
    cost_usd: Decimal | None = None
    error: str | None = None


class MessageToScore(View):
    """A message that the answer answers."""

    role: str
    content: str


class CaseToScore(View):
    """The messages, context and reference answer of a case."""

    messages: tuple[MessageToScore, ...] = ()
    context: dict[str, Any] | None = None
    reference: str | None = None


class ScoreResult(View):
    """A scorer's result. `passed` and `score` (0 to 1) are null when it could not score (`reason`
    says why), and of the kind `personality`. `cost_usd` is of its own calls, null when unpriced.
    """

    name: str
    kind: str
    passed: bool | None
    score: float | None
    reason: str
    cost_usd: Usd | None = Decimal(0)
    details: dict[str, Any] = Field(default_factory=dict)


class CombinedScore(View):
    """The weighted mean of the results that are scored, and whether it passes; null without any.

    `not_scored` counts those that could not be scored.
    """

    passed: bool | None
    score: float | None
    scored: int
    not_scored: int
