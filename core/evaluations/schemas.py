"""Evaluations to start: targets, cases and scorers."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self
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
from core.evaluations.cases.case_schemas import InlineCases
from core.executions.schemas import CostLimit
from core.ingest.null_defaults import OrDefault
from core.providers.schemas import Parameters
from core.scoring.schemas import ScorerList

MOST_TARGETS = 6
MOST_RUNS = 100  # of a case
MOST_RESULTS = 100_000  # targets × cases × runs
MAX_PROMPT_CHARS = 200_000
MAX_NAME_CHARS = 200


def _visible(name: str) -> str:
    if not any(each.isprintable() and not each.isspace() for each in name):
        raise ValueError("Enter a name: this one has no visible character.")
    return name


EvaluationName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME_CHARS),
    AfterValidator(storable),
    AfterValidator(_visible),
]
AppName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(storable),
]
IdempotencyKey = Annotated[str, StringConstraints(min_length=1, max_length=200)]


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
    """Where a run of a case is: `waiting` for the answer of an own app; `answered` has its answer,
    and is not scored yet.
    """

    WAITING = "waiting"
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
    """What answers: a model with a system prompt, a version of a prompt or a bot; a service; or an
    app of your own, which reads its work and sends the answers.

    A prompt gets the case's context as variables, and its last message as `input`; in a system
    prompt, these fill the `{{name}}` that they name. With a `seed` among the parameters, each run
    of a case has the next one.
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
    bot_id: UUID | None = None
    version: int | None = Field(
        default=None, ge=1, description="Of the prompt or the bot; else the newest."
    )
    service_id: UUID | None = None
    app: AppName | None = Field(
        default=None, description="Your own app: `GET evaluation/{id}/work` has its cases."
    )
    release: AppName | None = Field(default=None, description="Of the app.")
    parameters: OrDefault[Parameters] = Parameters()

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        others = self.model_dump(exclude_defaults=True).keys() - {"name", "app", "release"}
        if self.app is not None and others:
            raise ValueError("`app` takes `name` and `release` only.")
        if self.release is not None and self.app is None:
            raise ValueError("`release` needs `app`.")
        given = (self.prompt, self.template_id, self.bot_id)
        if sum(each is not None for each in given) > 1:
            raise ValueError("Pass one of `prompt`, `template_id` and `bot_id`.")
        if self.version is not None and self.template_id is None and self.bot_id is None:
            raise ValueError("`version` needs `template_id` or `bot_id`.")
        if self.service_id is not None and (
            self.bot_id is not None or self.template_id is not None
        ):
            raise ValueError("A service has no bot and no prompt template.")
        if self.service_id is not None and (self.model_id or self.parameters.set_values()):
            raise ValueError("A service has no model and no parameters.")
        return self


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
    idempotency_key: IdempotencyKey | None = Field(
        default=None,
        description="Any text of yours for this start: sent again, it starts nothing, and answers "
        "with the evaluation that it has started.",
    )
    target: EvaluationTarget | None = None
    targets: OrDefault[tuple[EvaluationTarget, ...]] = Field(default=(), max_length=MOST_TARGETS)
    test_cases: OrDefault[InlineCases] = ()
    dataset_id: UUID | None = Field(default=None, description="Instead of `test_cases`.")
    dataset_version: int | None = Field(default=None, ge=1, description="Else the newest.")
    split: EvaluationSplit = EvaluationSplit.ALL
    runs: int = Field(default=1, ge=1, le=MOST_RUNS, description="Of each case, by each target.")
    scorers: OrDefault[ScorerList] = Field(
        default=(), description="Of every case, besides its own."
    )
    threshold: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="A run passes when the weighted mean of its scores is at least this; without "
        "it, when every scorer passes.",
    )
    personality_judge_id: str | None = Field(
        default=None,
        max_length=300,
        description="A model that says how formal, enthusiastic, technical and empathetic each "
        "answer sounds, 0 to 100, beside its scores.",
    )
    parameters: OrDefault[Parameters] = Field(
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
        if (self.dataset_id is None) == (not self.test_cases):
            raise ValueError("Pass `test_cases` or `dataset_id`.")
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
    app: str | None = None
    release: str | None = None
    prompt: str | None = None
    prompt_id: UUID | None = None
    prompt_name: str | None = None
    prompt_version: int | None = None
    bot_id: UUID | None = None
    bot_version: int | None = None
    parameters: Parameters = Parameters()


class EvaluationManifest(BaseModel):
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


class Continued(BaseModel):
    """When an evaluation last went on, with what had been done and spent before."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    done: int
    spent_usd: Decimal


class EvaluationDefinition(BaseModel):
    """What an evaluation runs; it is stored encrypted, as one text."""

    model_config = ConfigDict(frozen=True)

    targets: tuple[RunTarget, ...]
    scorers: ScorerList
    threshold: float | None
    personality_judge_id: str | None = None
    manifest: EvaluationManifest
    request: str | None = None  # digest of what the idempotency key was sent with
    continued: Continued | None = None

    @property
    def app_targets(self) -> dict[int, str]:
        """The names of own apps by the numbers of their targets."""
        return {number: it.app for number, it in enumerate(self.targets, 1) if it.app is not None}
