"""Evaluations as the console and the API show them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from core.evaluations.schemas import EvaluationManifest, EvaluationStatus, ResultStatus, RunTarget
from core.identity.schemas import View
from core.presentation.money import Usd
from core.providers.schemas import ChatMessage
from core.scoring.schemas import ScoredToolCall, ScoreResult


class Estimate(View):
    """A rate or mean score from 0 to 1 with its 95 % interval, null under 10; `n` counts cases, or
    the runs of a single case.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0


class TagFigures(View):
    """The rate of the cases with a tag."""

    tag: str
    success_rate: Estimate


class ScorerFigures(View):
    """How often a scorer passed; number 0 stands for the cases' own scorers."""

    number: int
    passed: int
    failed: int
    not_scored: int


class TargetFigures(View):
    """The figures of a target. `consistency` is pass^k with k the runs of a case, null for one run;
    calls that failed are in no rate. Of `partly_scored` answers, the rate and the score leave out
    what a scorer with a weight could not score, and of `unpriced` ones the cost is unknown.
    """

    target: int
    success_rate: Estimate
    score: Estimate
    pass_power: tuple[float, ...] = ()
    consistency: float | None = None
    mixed_cases: int = 0
    cases: int = 0
    completed: int = 0
    failed: int = 0
    not_scored: int = 0
    partly_scored: int = 0
    by_tag: tuple[TagFigures, ...] = ()
    by_scorer: tuple[ScorerFigures, ...] = ()
    median_ms: int | None = None
    p95_ms: int | None = None
    cost_usd: Usd | None = None
    unpriced: int = 0


class EvaluationSummary(View):
    """The figures of all targets, as stored: without texts."""

    targets: tuple[TargetFigures, ...] = ()


class Recommendation(View):
    """What the figures suggest to do, and the figures themselves."""

    kind: str
    target: int
    text: str
    evidence: str


class TargetView(TargetFigures):
    """A target with its figures; `call_error` is why one of its calls failed."""

    model_config = ConfigDict(protected_namespaces=())

    title: str
    model_id: str | None
    app: str | None
    prompt_name: str | None
    prompt_version: int | None
    scorer_names: tuple[str, ...] = ()
    call_error: str | None = None


class EvaluationProgress(View):
    """Results that have ended, of all; `left_s` is estimated from those so far, and `waiting` have
    no answer of an own app yet. When nothing else is left and none comes, it `is_waiting`.
    """

    done: int
    total: int
    failed: int
    waiting: int = 0
    is_waiting: bool = False
    left_s: int | None = None
    estimated_usd: Usd | None = Field(default=None, description="Of all of it, at the cost so far.")


class EvaluationListItem(View):
    """An evaluation in the list, with the rate of each target."""

    id: UUID
    name: str
    status: EvaluationStatus
    progress: EvaluationProgress
    targets: tuple[str, ...]
    rates: tuple[Estimate, ...]
    dataset_id: UUID | None
    cases: int
    runs: int
    spent_usd: Usd
    unpriced: int
    created_at: datetime
    finished_at: datetime | None


class EvaluationView(View):
    """An evaluation with its results. `success_rate`, `average_score` and `consistency` are those
    of the first target; `results` has all. `key_name` is the API key that started it.
    """

    id: UUID
    name: str
    key_name: str | None
    status: EvaluationStatus
    error: str | None
    progress: EvaluationProgress
    success_rate: Estimate
    average_score: float | None
    consistency: float | None
    recommendations: list[Recommendation]
    results: list[TargetView]
    cases: int
    runs: int
    cost_limit_usd: Usd | None
    spent_usd: Usd
    unpriced: int
    baseline_id: UUID | None
    dataset_id: UUID | None
    dataset_version: int | None
    scorers: list[dict[str, Any]]
    threshold: float | None
    personality_judge_id: str | None
    definition_targets: tuple[RunTarget, ...] = Field(exclude=True)
    manifest: EvaluationManifest
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class EvaluationEstimate(View):
    """What an evaluation would take: calls of its targets and of judges, US dollars (null without a
    price), and seconds.
    """

    calls: int
    judge_calls: int = 0
    cost_usd: Usd | None
    worst_case_usd: Usd | None
    seconds: int | None


class CaseFigures(View):
    """A case by one target: runs that passed, of those that were scored, and the mean score."""

    target: int
    passed: int
    scored: int
    failed: int
    score: float | None


class CaseRow(View):
    """A case in the list of results, with its figures by target."""

    id: UUID
    position: int
    question: str
    tags: tuple[str, ...]
    figures: tuple[CaseFigures, ...]


class CasePage(View):
    """Some cases, the worst first, and the number of all."""

    items: list[CaseRow]
    total_count: int
    limit: int
    offset: int


class EvaluationRunView(View):
    """A run of a case: its answer and scores; `earlier` has the answers to the turns before."""

    target: int
    run: int
    status: ResultStatus
    earlier: tuple[str, ...] = ()
    text: str = ""
    tool_calls: tuple[ScoredToolCall, ...] = ()
    error: str | None = None
    scores: tuple[ScoreResult, ...] = ()
    passed: bool | None = None
    score: float | None = None
    latency_ms: int | None = None
    cost_usd: Usd | None = None
    execution_id: UUID | None = None
    attempts: int = 0


class CaseView(View):
    """A case with all its runs; `case_id` is that of the dataset."""

    id: UUID
    position: int
    messages: tuple[ChatMessage, ...]
    context: dict[str, Any] | None
    reference: str | None
    assertions: list[dict[str, Any]]
    tags: tuple[str, ...]
    case_id: UUID | None
    runs: list[EvaluationRunView]


class RunExport(View):
    """A run with its case, as exports have it; texts that the actor may not export are null."""

    position: int
    target: str
    run: int
    status: ResultStatus
    input: str | None
    tags: tuple[str, ...]
    output: str | None
    error: str | None
    passed: bool | None
    score: float | None
    scores: tuple[ScoreResult, ...]
    latency_ms: int | None
    cost_usd: Usd | None
    target_number: int = Field(description="Targets may have the same name.")
