"""Comparisons pair the cases that ask the same, and count what plain Python counts."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from statistics import fmean
from typing import NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import select

from core.database.db import transaction
from core.evaluations.errors import NoCommonCases
from core.evaluations.figures.comparison import MOST_CHANGED, baseline_target
from core.evaluations.figures.comparison_views import EvaluationComparison, PairedView
from core.evaluations.models import EvaluationResult
from core.evaluations.queries import reports
from core.evaluations.queries.results import questions as questions_of
from core.evaluations.schemas import ResultStatus, RunTarget
from core.evaluations.service import summaries
from core.executions.runner import Runner
from core.statistics.paired import PairedResult, Verdict, compare_passes, compare_scores
from tests.factories.evaluations import started
from tests.factories.identity import Person, person

TARGETS = [{"model_id": "fake:echo"}, {"model_id": "fake:plain"}]


class Outcome(NamedTuple):
    """Whether a run passed, and its score."""

    passed: bool | None
    score: float | None


@dataclass(frozen=True)
class Stored:
    id: UUID
    runs: dict[tuple[str, int, int], list[Outcome]]
    """By question, how many equal ones were before it, and target."""


def stored(one: Person, questions: list[str], *, runs: int, chance: Random) -> Stored:
    """Store an evaluation of two targets, of which some runs ended in one way or another."""
    id_ = started(one.actor, *questions, targets=TARGETS, runs=runs)
    ended = defaultdict[tuple[str, int, int], list[Outcome]](list)
    of_it = select(EvaluationResult).where(EvaluationResult.evaluation_id == id_)
    ordered = of_it.order_by(EvaluationResult.position)
    with transaction() as session:
        for row in session.scalars(ordered):
            kind = chance.choice(["open", "failed", "unscored", "passed", "passed", "not passed"])
            if kind == "open":
                continue
            row.status = ResultStatus.FAILED if kind == "failed" else ResultStatus.COMPLETED
            if "passed" in kind:
                row.passed, row.score = (
                    kind == "passed",
                    chance.choice([0.0, 0.25, chance.random()]),
                )
            earlier = questions[: row.position - 1].count(questions[row.position - 1])
            key = questions[row.position - 1], earlier, row.target
            ended[key].append(Outcome(row.passed, row.score))
    summaries.write(id_)
    return Stored(id_, ended)


def compared(one: Person, this: UUID, baseline: UUID) -> EvaluationComparison:
    with transaction() as session:
        return reports.compare(session, this, baseline, baseline_target=2, actor=one.actor)


def pairs(this: Stored, baseline: Stored, target: int) -> list[tuple[list[Outcome], list[Outcome]]]:
    """Return the runs of the cases that both have, in the order of this one's."""
    return [
        (runs, baseline.runs[question, earlier, 2])
        for (question, earlier, of), runs in this.runs.items()
        if of == target and (question, earlier, 2) in baseline.runs
    ]


def rate(runs: list[Outcome]) -> float | None:
    passed = [run.passed for run in runs if run.passed is not None]
    return sum(passed) / len(passed) if passed else None


def score(runs: list[Outcome]) -> float | None:
    scores = [run.score for run in runs if run.score is not None]
    return fmean(scores) if scores else None


def differences(
    pairs: list[tuple[list[Outcome], list[Outcome]]], of: Callable[[list[Outcome]], float | None]
) -> list[float]:
    values = [(of(this), of(other)) for this, other in pairs]
    return [this - other for this, other in values if this is not None and other is not None]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("runs", [1, 3])
def test_figures_are_those_of_pairing_case_by_case(runner: Runner, seed: int, runs: int) -> None:
    one, chance = person(), Random(seed)
    questions = [f"question {chance.randrange(30)}" for _ in range(50)]
    others = chance.sample([*questions, "only here", "and here"], 45) if seed else questions
    this, baseline = (stored(one, it, runs=runs, chance=chance) for it in (questions, others))
    found = compared(one, this.id, baseline.id)
    assert found.cases_in_common == (Counter(questions) & Counter(others)).total()
    for each in found.targets:
        paired = pairs(this, baseline, each.target)
        passes = differences(paired, rate)
        expected = compare_scores(passes)
        if runs == 1:
            expected = compare_passes([(it > 0, it < 0) for it in passes])
        assert figures(each.passes) == pytest.approx(figures(expected), abs=1e-9)
        by_score = compare_scores(differences(paired, score))
        assert figures(each.scores) == pytest.approx(figures(by_score), abs=1e-9)


@pytest.mark.parametrize("runs", [1, 3])
def test_the_cases_that_changed_are_named_the_worse_first(runner: Runner, runs: int) -> None:
    one, chance = person(), Random(7)
    questions = [f"question {number}" for number in range(150)]
    this, baseline = (stored(one, questions, runs=runs, chance=chance) for _ in range(2))
    with transaction() as session:
        found = questions_of(session, baseline.id, range(1, 151))
        cases_of_baseline = {case.question: case.id for case in found.values()}
    for each in compared(one, this.id, baseline.id).targets:
        changes = {}
        for question in questions:
            now = rate(this.runs.get((question, 0, each.target), []))
            before = rate(baseline.runs.get((question, 0, 2), []))
            if now is not None and before is not None and now != before:
                changes[question] = now - before
        worse = sorted(change for change in changes.values() if change < 0)
        better = sorted((change for change in changes.values() if change > 0), reverse=True)
        assert (each.worse, each.better) == (len(worse), len(better))
        expected = worse[:MOST_CHANGED] + better[:MOST_CHANGED]
        assert [changes[it.question] for it in each.changed_cases] == pytest.approx(expected)
        for case in each.changed_cases:
            assert case.is_worse == (changes[case.question] < 0)
            assert case.baseline_id == cases_of_baseline[case.question]
            assert case.score == pytest.approx(score(this.runs[case.question, 0, each.target]))


def figures(found: PairedView | PairedResult) -> dict[str, float | None]:
    names = ("cases", "difference", "p_value", "only_this", "only_baseline", "more_cases")
    return {name: getattr(found, name) for name in names}


def test_targets_of_one_evaluation_are_compared_with_each_other(runner: Runner) -> None:
    one = person()
    this = stored(one, ["one", "two", "two"], runs=1, chance=Random(1))
    found = compared(one, this.id, this.id)
    assert [(each.target, each.baseline_target) for each in found.targets] == [(1, 2)]
    assert found.cases_in_common == 3


def test_a_target_of_which_no_run_has_ended_has_too_few_cases(runner: Runner) -> None:
    one = person()
    this, baseline = (started(one.actor, "one", targets=TARGETS) for _ in range(2))
    found = compared(one, this, baseline)
    assert {each.passes.verdict for each in found.targets} == {Verdict.TOO_FEW}
    assert {each.scores.verdict for each in found.targets} == {Verdict.TOO_FEW}


def test_evaluations_without_a_case_in_common_are_not_compared(runner: Runner) -> None:
    one = person()
    this, baseline = (started(one.actor, it, targets=TARGETS) for it in ("one", "two"))
    with pytest.raises(NoCommonCases):
        compared(one, this, baseline)


PROMPT, BOT = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("targets", "number"),
    [
        ([{"prompt_id": PROMPT, "prompt_version": each} for each in (10, 9)], 2),
        ([{"bot_id": BOT, "bot_version": each} for each in (3, 1, 2)], 2),
        ([{"prompt_id": PROMPT, "prompt_version": 2}, {"bot_id": BOT, "bot_version": 1}], 1),
        ([{}, {}], 1),
    ],
)
def test_the_oldest_version_of_one_prompt_or_bot_is_the_baseline(
    targets: list[dict[str, object]], number: int
) -> None:
    found = [RunTarget.model_validate({"title": "one"} | each) for each in targets]
    assert baseline_target(found) == number
