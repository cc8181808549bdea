"""Evaluations to start: targets, cases and scorers."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self
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
from core.executions.schemas import CostLimit
from core.ingest.json_objects import JsonObject
from core.providers.schemas import ChatMessage, MessageRole, Parameters
from core.scoring.schemas import (
    ContainsScorer,
    ExactScorer,
    NumericScorer,
    RegexScorer,
    ScorerList,
    ScorerSpec,
    SimilarityScorer,
)

MOST_TARGETS = 6
MOST_RUNS = 100  # of a case
MOST_INLINE_CASES = 1000
MOST_RESULTS = 100_000  # targets × cases × runs
MAX_PROMPT_CHARS = 200_000

EvaluationName = Annotated[
    str,
    AfterValidator(storable),
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class EvaluationStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_going_on(self) -> bool:
        """Whether a job works on it, or will."""
        return self in (EvaluationStatus.PENDING, EvaluationStatus.RUNNING)


class ResultStatus(StrEnum):
    """Where a run of a case is: `answered` has its answer, and is not scored yet."""

    PENDING = "pending"
    RUNNING = "running"
    ANSWERED = "answered"
    COMPLETED = "completed"
    FAILED = "failed"


class EvaluationSplit(StrEnum):
    """Which cases of a dataset are run."""

    ALL = "all"
    TUNE = "tune"
    HOLDOUT = "holdout"


class EvaluationTarget(BaseModel):
    """What answers: a model with a system prompt or a version of a prompt, or a service.

    A prompt gets the case's context as variables, and its last message as `input`. With a `seed`
    among the parameters, each run of a case has the next one.
    """

    model_config = ConfigDict(frozen=True, protected_namespaces=(), extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    model_id: str | None = Field(
        default=None, max_length=300, description="Else the prompt's, else the default model."
    )
    prompt: str | None = Field(
        default=None, max_length=MAX_PROMPT_CHARS, description="A system prompt."
    )
    template_id: str | None = Field(
        default=None, max_length=128, description="A prompt: its ID, name, or `name@label`."
    )
    version: int | None = Field(default=None, ge=1, description="Of the prompt; else the newest.")
    service_id: UUID | None = None
    parameters: Parameters = Parameters()

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        if self.prompt is not None and self.template_id is not None:
            raise ValueError("Pass `prompt` or `template_id`, not both.")
        if self.version is not None and self.template_id is None:
            raise ValueError("`version` needs `template_id`.")
        if self.service_id is not None and (self.model_id or self.parameters.set_values()):
            raise ValueError("A service has no model and no parameters.")
        return self


class ExpectedOutput(BaseModel):
    """What an answer is expected to be, in short; `assertions` can say more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["contains", "keywords", "exact", "regex", "semantic", "numeric"]
    keywords: tuple[str, ...] = Field(default=(), max_length=50)
    pattern: str | None = Field(default=None, max_length=1000)
    semantic_threshold: float = Field(default=0.8, ge=0, le=1)
    value: Any = None
    threshold: float | None = Field(
        default=None, ge=0, description="The tolerance of a number, the least similarity of a text."
    )

    def scorer(self) -> ScorerSpec:
        """Return the scorer that checks it; raise ValueError."""
        text = None if self.value is None else str(self.value)
        match self.type:
            case "contains" | "keywords":
                words = self.keywords or ((text,) if text else ())
                return ContainsScorer(values=words)
            case "exact":
                return ExactScorer(value=text)
            case "regex":
                return RegexScorer(pattern=self.pattern or text or "")
            case "numeric":
                number = None if self.value is None else float(self.value)
                return NumericScorer(value=number, tolerance=self.threshold or 0)
            case "semantic":
                least = self.semantic_threshold if self.threshold is None else self.threshold
                return SimilarityScorer(value=text, threshold=min(least, 1))


class EvaluatedCase(BaseModel):
    """A case as it is run: what is asked and known, a reference answer, and its own scorers."""

    model_config = ConfigDict(frozen=True)

    messages: tuple[ChatMessage, ...] = Field(min_length=1, max_length=500)
    context: JsonObject | None = None
    reference: str | None = Field(default=None, max_length=200_000)
    assertions: ScorerList = ()
    tags: tuple[Tag, ...] = Field(default=(), max_length=30)
    case_id: UUID | None = None

    @property
    def question(self) -> str:
        """The last message of the user."""
        asked = (it.content for it in reversed(self.messages) if it.role is MessageRole.USER)
        return next(asked, self.messages[-1].content)


class InlineCase(BaseModel):
    """A case of one request: an `input` or `messages`, and what is expected."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: str | None = Field(default=None, min_length=1, max_length=200_000)
    messages: tuple[ChatMessage, ...] = Field(default=(), max_length=500)
    expected_output: ExpectedOutput | None = None
    context: JsonObject | None = None
    reference: str | None = Field(default=None, max_length=200_000)
    assertions: ScorerList = ()
    tags: tuple[Tag, ...] = Field(default=(), max_length=30)

    @model_validator(mode="after")
    def _asks_and_can_be_scored(self) -> Self:
        if (self.input is None) == (not self.messages):
            raise ValueError("Pass `input` or `messages`.")
        if self.messages and self.messages[-1].role is not MessageRole.USER:
            raise ValueError("The last message must be the user's.")
        if self.expected_output is not None:
            self.expected_output.scorer()
        return self

    def case(self) -> EvaluatedCase:
        """Return the case as it is run."""
        asked = ChatMessage(role=MessageRole.USER, content=self.input or "")
        expected = (self.expected_output.scorer(),) if self.expected_output else ()
        value = self.expected_output.value if self.expected_output else None
        reference = value if isinstance(value, str) else None
        return EvaluatedCase(
            messages=self.messages or (asked,),
            context=self.context,
            reference=self.reference if self.reference is not None else reference,
            assertions=(*expected, *self.assertions),
            tags=self.tags,
        )


class NewEvaluation(BaseModel):
    """An evaluation to start: up to six targets over the same cases, `runs` times each."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "name": "Refund questions",
                "target": {"model_id": "fake:echo", "prompt": "Answer in one sentence."},
                "test_cases": [
                    {
                        "input": "Can I get a refund?",
                        "expected_output": {"type": "contains", "keywords": ["refund"]},
                    }
                ],
                "runs": 3,
            }
        },
    )

    name: EvaluationName
    target: EvaluationTarget | None = None
    targets: tuple[EvaluationTarget, ...] = Field(default=(), max_length=MOST_TARGETS)
    test_cases: tuple[InlineCase, ...] = Field(default=(), max_length=MOST_INLINE_CASES)
    runs: int = Field(default=1, ge=1, le=MOST_RUNS, description="Of each case, by each target.")
    scorers: ScorerList = Field(default=(), description="Of every case, besides its own.")
    threshold: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="A run passes when the weighted mean of its scores is at least this; without "
        "it, when every scorer passes.",
    )
    parameters: Parameters = Field(
        default=Parameters(), description="Of every model, unless its target has its own."
    )
    cost_limit_usd: CostLimit | None = Field(
        default=None, description="Calls stop when this much is spent."
    )
    baseline_id: UUID | None = Field(
        default=None, description="An evaluation to compare the first target with."
    )

    @model_validator(mode="after")
    def _has_targets_and_cases(self) -> Self:
        if (self.target is None) == (not self.targets):
            raise ValueError("Pass `target` or `targets`.")
        if not self.test_cases:
            raise ValueError("Pass `test_cases`.")
        if not self.scorers and not all(
            case.expected_output or case.assertions for case in self.test_cases
        ):
            raise ValueError("Pass `scorers`, or an expectation with each case.")
        return self

    @property
    def all_targets(self) -> tuple[EvaluationTarget, ...]:
        return self.targets or ((self.target,) if self.target else ())


class EvaluationResume(BaseModel):
    """A new cost limit to go on with; without one, the earlier limit stays."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"cost_limit_usd": "2.5"}})

    cost_limit_usd: CostLimit | None = None


class NewScoring(BaseModel):
    """Scorers to score the stored answers with; without any, the evaluation's own."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {"scorers": [{"kind": "contains", "values": ["refund"]}], "threshold": 0.5}
        },
    )

    scorers: ScorerList | None = None
    threshold: float | None = Field(default=None, ge=0, le=1)


class RunTarget(BaseModel):
    """A target with what was found when the evaluation began: its title, model and version."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    title: str
    model_id: str | None = None
    service_id: UUID | None = None
    prompt: str | None = None
    prompt_id: UUID | None = None
    prompt_name: str | None = None
    prompt_version: int | None = None
    parameters: Parameters = Parameters()


class Manifest(BaseModel):
    """What an evaluation depends on, as it was when it began; prices are per million tokens."""

    model_config = ConfigDict(frozen=True)

    attune_version: str
    targets: tuple[dict[str, Any], ...]
    bootstrap_seed: int
    bootstrap_resamples: int
    dataset_id: UUID | None = None
    dataset_version: int | None = None
    split: EvaluationSplit | None = None
    concurrency: int


class Definition(BaseModel):
    """What an evaluation runs; it is stored encrypted, as one text."""

    model_config = ConfigDict(frozen=True)

    targets: tuple[RunTarget, ...]
    scorers: ScorerList
    threshold: float | None
    manifest: Manifest
