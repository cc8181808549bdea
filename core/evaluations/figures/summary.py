"""The figures of an evaluation, from the counts of its cases."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from core.evaluations.queries.figures import CaseCounts, ScorerCounts, TargetTotals
from core.evaluations.views import (
    Estimate,
    EvaluationSummary,
    ScorerFigures,
    TagFigures,
    TargetFigures,
)
from core.statistics.bootstrap import FEWEST, mean_interval
from core.statistics.consistency import pass_power_curve
from core.statistics.rates import wilson_of_rate

MOST_TAGS = 50


def summarize(
    counts: Sequence[CaseCounts],
    tags: Mapping[int, Sequence[str]],
    totals: Mapping[int, TargetTotals],
    scorers: Sequence[ScorerCounts],
    *,
    targets: int,
    own_place: int,
) -> EvaluationSummary:
    """Return the figures of all targets; `own_place` is that of the cases' own scorers among the
    checks.
    """
    by_target: dict[int, list[CaseCounts]] = defaultdict(list)
    for each in counts:
        by_target[each.target].append(each)
    return EvaluationSummary(
        targets=tuple(
            _target(number, by_target[number], tags, totals.get(number), scorers, own_place)
            for number in range(1, targets + 1)
        )
    )


def _target(
    number: int,
    cases: Sequence[CaseCounts],
    tags: Mapping[int, Sequence[str]],
    totals: TargetTotals | None,
    scorers: Sequence[ScorerCounts],
    own_place: int,
) -> TargetFigures:
    curve = pass_power_curve([(case.passed, case.scored) for case in cases])
    return TargetFigures(
        target=number,
        success_rate=success_rate(cases),
        score=_score(cases),
        pass_power=tuple(curve),
        # One run of each case does not show whether the next has the same result
        consistency=curve[-1] if len(curve) > 1 else None,
        mixed_cases=sum(0 < case.passed < case.scored for case in cases),
        cases=len(cases),
        completed=sum(case.ended - case.failed for case in cases),
        failed=sum(case.failed for case in cases),
        not_scored=sum(case.ended - case.failed - case.scored for case in cases),
        partly_scored=totals.partly_scored if totals else 0,
        by_tag=tuple(_by_tag(cases, tags)),
        by_scorer=tuple(_by_scorer(number, scorers, own_place)),
        median_ms=totals.median_ms if totals else None,
        p95_ms=totals.p95_ms if totals else None,
        cost_usd=totals.cost_usd if totals else None,
        unpriced=totals.unpriced if totals else 0,
    )


def success_rate(cases: Sequence[CaseCounts], *, among: int = 1) -> Estimate:
    """Return the mean pass rate of the cases with Wilson's interval.

    Runs of a case are not independent: n counts cases, unless there is only one, which is not
    `among` others.
    """
    rates = [case.passed / case.scored for case in cases if case.scored]
    if not rates:
        return Estimate()
    value = sum(rates) / len(rates)
    counts_cases = max(len(rates), among) > 1
    n = len(rates) if counts_cases else sum(case.scored for case in cases)
    if n < FEWEST:
        return Estimate(value=value, n=n)
    low, high = wilson_of_rate(value, n)
    return Estimate(value=value, low=low, high=high, n=n)


def _score(cases: Sequence[CaseCounts]) -> Estimate:
    scores = [case.score for case in cases if case.score is not None]
    if not scores:
        return Estimate()
    interval = mean_interval(scores)
    return Estimate(
        value=sum(scores) / len(scores),
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        n=len(scores),
    )


def _by_tag(cases: Sequence[CaseCounts], tags: Mapping[int, Sequence[str]]) -> Iterable[TagFigures]:
    tagged: dict[str, list[CaseCounts]] = defaultdict(list)
    for case in cases:
        for tag in tags.get(case.position, ()):
            tagged[tag].append(case)
    largest = sorted(tagged, key=lambda tag: (-len(tagged[tag]), tag))[:MOST_TAGS]
    for tag in sorted(largest):
        yield TagFigures(tag=tag, success_rate=success_rate(tagged[tag], among=len(cases)))


def _by_scorer(
    target: int, scorers: Sequence[ScorerCounts], own_place: int
) -> Iterable[ScorerFigures]:
    outcomes: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for each in scorers:
        if each.target == target:
            outcomes[each.place][each.outcome] += each.results
    for place, found in sorted(outcomes.items()):
        yield ScorerFigures(
            number=0 if place == own_place else place,
            passed=found[1],
            failed=found[0],
            not_scored=found[-1],
        )
