"""A/B tests as the console and the API show them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import ConfigDict, Field

from core.ab_tests.schemas import Variant
from core.evaluations.figures.comparison_views import PairedView
from core.evaluations.schemas import EvaluationSplit, EvaluationStatus
from core.evaluations.views import EvaluationProgress
from core.identity.schemas import View
from core.presentation.money import Usd


class Winner(StrEnum):
    A = "A"
    B = "B"
    TIE = "tie"


class AbMetric(StrEnum):
    """What variants are compared by. Quality is from 0 to 1, consistency from 0 to 100, and time
    (ms) and cost (US dollars) are of an answer.
    """

    QUALITY = "quality_scores"
    CONSISTENCY = "personality_consistency"
    RESPONSE_TIME = "average_response_time"
    COST = "cost_usd"


class MetricValue(View):
    """A mean over `n` cases with its 95 % interval, null under 10 cases."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0


class MetricFigures(View):
    """A metric of both variants, over the cases that both have, each case weighing the same.

    `comparison` is of A with B as the baseline: *better* is A, and differences are A less B. It is
    null without such cases.
    """

    metric: AbMetric
    A: MetricValue
    B: MetricValue
    comparison: PairedView | None


class AnswerCounts(View):
    """The answers of a variant that have ended. Those that failed, were not scored, or were not
    analyzed, are missing in the figures.
    """

    answers: int = 0
    failed: int = 0
    not_scored: int = 0
    not_analyzed: int = 0


class AbTestFigures(View):
    """The figures of a run, as stored: without texts."""

    metrics: tuple[MetricFigures, ...]
    A: AnswerCounts
    B: AnswerCounts

    def of(self, metric: AbMetric) -> MetricFigures:
        """Return the figures of a metric."""
        return next(each for each in self.metrics if each.metric is metric)


class MetricPair(View):
    A: float | None
    B: float | None


class TimePair(View):
    A: int | None
    B: int | None


class CostPair(View):
    A: Usd | None
    B: Usd | None


class AbMetrics(View):
    """The means of both variants, null where there are none."""

    average_response_time: TimePair = Field(description="Milliseconds of an answer.")
    quality_scores: MetricPair = Field(description="0 to 1.")
    personality_consistency: MetricPair = Field(
        description="100 less the mean absolute deviation of trait scores over the answers."
    )
    cost_usd: CostPair = Field(description="Of an answer.")


class AbTestOutcome(View):
    """The result of an A/B test. `rule` says how the winner follows from the comparisons."""

    winner: Winner
    verdict: str
    metrics: AbMetrics
    recommendation: str
    rule: str
    comparisons: tuple[MetricFigures, ...]
    A: AnswerCounts
    B: AnswerCounts


class AbTestView(View):
    """An A/B test; `status`, `progress` and `error` are those of its last run, null before it."""

    model_config = ConfigDict(protected_namespaces=())

    id: UUID
    test_name: str
    description: str
    variants: tuple[Variant, Variant]
    case_count: int | None = Field(description="Null for a dataset before the first run.")
    dataset_id: UUID | None
    dataset_version: int | None
    split: EvaluationSplit | None
    scenario_ids: tuple[UUID, ...]
    judge_model_id: str | None
    rubric: str | None
    runs: int
    cost_limit_usd: Usd | None
    is_running: bool
    status: EvaluationStatus | None
    progress: EvaluationProgress | None
    error: str | None
    spent_usd: Usd
    unpriced: int = Field(description="Answers whose cost is unknown.")
    evaluation_id: UUID | None
    start_date: datetime | None
    end_date: datetime | None
    created_at: datetime
    updated_at: datetime


class AbTestListItem(View):
    """An A/B test in the list, with the winner of its last run."""

    id: UUID
    test_name: str
    variants: tuple[Variant, Variant]
    status: EvaluationStatus | None
    progress: EvaluationProgress | None
    winner: Winner | None
    verdict: str | None
    spent_usd: Usd
    unpriced: int = Field(description="Answers whose cost is unknown.")
    created_at: datetime
    end_date: datetime | None


class AbCaseOrder(StrEnum):
    """How cases are sorted: by how much the variants differ, or by the lower quality of both."""

    DIFFERENT = "different"
    WORST = "worst"


class CaseAnswers(View):
    """The answers of a variant to a case: means, null where there are none."""

    quality: float | None = None
    response_time_ms: int | None = None
    failed: int = 0


class AbCaseRow(View):
    """A case of an A/B test; `difference` is the quality of A less that of B."""

    id: UUID
    position: int
    question: str
    tags: tuple[str, ...]
    A: CaseAnswers
    B: CaseAnswers
    difference: float | None


class AbAnswerExport(View):
    """An answer with its case, as exports have it; texts that the actor may not export are null."""

    position: int
    variant: str
    name: str
    run: int
    status: str
    input: str | None
    output: str | None
    error: str | None
    quality_score: float | None
    response_time_ms: int | None
    cost_usd: Usd | None
    formality_score: int | None
    enthusiasm_score: int | None
    technical_depth_score: int | None
    empathy_score: int | None
    analysis_problem: str | None
