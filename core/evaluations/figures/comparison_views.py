"""An evaluation against a baseline, over the cases that both ask."""

from uuid import UUID

from pydantic import Field

from core.identity.schemas import View
from core.statistics.paired import ComparisonMethod, Verdict


class PairedView(View):
    """A comparison with a baseline over the same cases, in words and figures. Besides an interval
    that leaves 0 out, a verdict needs an exact test of the cases that differ.
    """

    verdict: Verdict
    words: str
    method: ComparisonMethod
    cases: int
    difference: float
    low: float | None
    high: float | None
    p_value: float | None
    only_this: int | None
    only_baseline: int | None
    more_cases: int | None


class ChangedCase(View):
    """A case of the evaluation that passes another share of its scored runs than by the baseline,
    where it is `baseline_id`; scores are means, null without one.
    """

    id: UUID
    baseline_id: UUID
    position: int
    question: str
    passed: int
    scored: int
    score: float | None
    baseline_passed: int
    baseline_scored: int
    baseline_score: float | None

    @property
    def is_worse(self) -> bool:
        """Whether it passes less often than by the baseline."""
        return self.passed * self.baseline_scored < self.baseline_passed * self.scored


class ComparedTarget(View):
    """A target against the baseline's: by passes, and by scores. `worse` and `better` count cases
    by their pass rates; `changed_cases` has up to 50 of each, the worse ones first, those with the
    largest difference before others.
    """

    target: int
    title: str
    baseline_target: int
    baseline_title: str
    passes: PairedView
    scores: PairedView
    worse: int
    better: int
    changed_cases: list[ChangedCase]


class EvaluationComparison(View):
    """The targets of an evaluation against a target of the baseline, over the cases in common."""

    evaluation_id: UUID
    baseline_id: UUID
    cases_in_common: int
    scoring_note: str | None = Field(
        description="Says when the two were not scored alike, so that verdicts may come from that."
    )
    targets: list[ComparedTarget]
