"""The figures of both variants over the cases that both have, and their paired comparison."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias, TypeVar

from core.ab_tests.schemas import VariantId
from core.ab_tests.views import (
    AbMetric,
    AbTestFigures,
    AnswerCounts,
    MetricFigures,
    MetricValue,
)
from core.bots.schemas import Trait
from core.evaluations.figures.comparison import by_differences, paired_view
from core.evaluations.figures.comparison_views import PairedView
from core.statistics.bootstrap import FEWEST, mean_interval
from core.statistics.paired import compare_passes
from core.statistics.rates import wilson_of_rate

FULL_CONSISTENCY = 100.0
TRAITS = tuple(f"{trait}_score" for trait in Trait)
Traits: TypeAlias = tuple[int, ...]
Value = TypeVar("Value")
# The values of each case, of a variant's answers to it
ByCase: TypeAlias = list[list[Value]]


class AnswerFigures(NamedTuple):
    """The figures of one answer; all None for a failed call."""

    position: int
    variant: VariantId
    is_failed: bool = False
    quality: float | None = None
    response_time_ms: int | None = None
    cost_usd: Decimal | None = None
    traits: Traits | None = None


def compare_variants(answers: Sequence[AnswerFigures], *, is_judged: bool) -> AbTestFigures:
    """Return the figures of all metrics.

    Quality is the mean score when it is judged, compared by a bootstrap over cases; else the share
    of passes, compared by McNemar's exact test if each case has one answer of each variant.
    """
    return AbTestFigures(
        metrics=(
            _judged_quality(answers) if is_judged else _pass_rates(answers),
            _consistency(answers),
            _less_is_better(answers, AbMetric.RESPONSE_TIME, lambda each: each.response_time_ms),
            _less_is_better(answers, AbMetric.COST, lambda each: each.cost_usd),
        ),
        A=_counts(answers, VariantId.A),
        B=_counts(answers, VariantId.B),
    )


def _counts(answers: Sequence[AnswerFigures], variant: VariantId) -> AnswerCounts:
    own = [each for each in answers if each.variant is variant]
    given = [each for each in own if not each.is_failed]
    return AnswerCounts(
        answers=len(own),
        failed=len(own) - len(given),
        not_scored=sum(each.quality is None for each in given),
        not_analyzed=sum(each.traits is None for each in given),
    )


def _paired(
    answers: Sequence[AnswerFigures], value: Callable[[AnswerFigures], Value | None]
) -> tuple[ByCase[Value], ByCase[Value]]:
    """Return the values of A and those of B, of the cases of which both have any."""
    found: dict[int, tuple[list[Value], list[Value]]] = defaultdict(lambda: ([], []))
    for each in answers:
        if (known := value(each)) is not None:
            # A comes first: false is the index 0
            found[each.position][each.variant is VariantId.B].append(known)
    # Means over different cases would differ by how hard these are
    pairs = [pair for _, pair in sorted(found.items()) if all(pair)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def _means(cases: ByCase[Any]) -> list[float]:
    """Return the mean of each case's numbers."""
    return [sum(map(float, values)) / len(values) for values in cases]


def _judged_quality(answers: Sequence[AnswerFigures]) -> MetricFigures:
    a, b = map(_means, _paired(answers, lambda each: each.quality))
    return _figures(AbMetric.QUALITY, a, b, _compared(a, b))


def _pass_rates(answers: Sequence[AnswerFigures]) -> MetricFigures:
    cases = _paired(answers, lambda each: each.quality)
    a, b = map(_means, cases)
    if all(len(values) == 1 for side in cases for values in side):
        passes = [(this > 0, that > 0) for this, that in zip(a, b, strict=True)]
        compared = paired_view(compare_passes(passes))
    else:
        compared = _compared(a, b)
    return MetricFigures(
        metric=AbMetric.QUALITY, A=_rate(a), B=_rate(b), comparison=compared if a else None
    )


def _less_is_better(
    answers: Sequence[AnswerFigures],
    metric: AbMetric,
    value: Callable[[AnswerFigures], float | Decimal | None],
) -> MetricFigures:
    """Return a metric on the scale of its mean over both variants, of which 5 % matter."""
    a, b = map(_means, _paired(answers, value))
    # A scale of 0 would divide by it: without values, or with zeros only, any other will do
    scale = (sum(a) + sum(b)) / (len(a) + len(b) or 1) or 1.0
    return _figures(metric, a, b, _compared(a, b, scale=-scale), scale=scale)


def _consistency(answers: Sequence[AnswerFigures]) -> MetricFigures:
    a, b = map(consistencies, _paired(answers, lambda each: each.traits))
    compared = _compared(a, b, scale=FULL_CONSISTENCY)
    return _figures(AbMetric.CONSISTENCY, a, b, compared, scale=FULL_CONSISTENCY)


def consistencies(cases: Sequence[Sequence[Traits]]) -> list[float]:
    """Return a value for each case, whose mean is 100 less the mean absolute deviation of the
    traits from their means; none of a single case.

    The means from which traits deviate vary with the cases, too. Each value therefore has the
    effect of its case on them (the influence function of the mean absolute deviation), so that a
    resampled mean of these values varies as the whole figure does.
    """
    if len(cases) < 2:
        return []
    deviations = [0.0] * len(cases)
    traits = len(cases[0][0])
    for trait in range(traits):
        scores = [[float(each[trait]) for each in answers] for answers in cases]
        centre = _mean_of_cases(scores)
        slope = _mean_of_cases([[_sign(centre - each) for each in found] for found in scores])
        for number, found in enumerate(scores):
            away = [each - centre for each in found]
            deviations[number] += sum(abs(each) + slope * each for each in away) / len(away)
    return [FULL_CONSISTENCY - each / traits for each in deviations]


def _mean_of_cases(cases: ByCase[float]) -> float:
    return sum(_means(cases)) / len(cases)


def _sign(value: float) -> float:
    return float(value > 0) - float(value < 0)


def _compared(a: Sequence[float], b: Sequence[float], *, scale: float = 1.0) -> PairedView:
    """Compare on a scale on which 0.05 matters; it is negative when less is better."""
    view = by_differences([(this - that) / scale for this, that in zip(a, b, strict=True)])
    bounds = sorted(each * scale for each in (view.low, view.high) if each is not None)
    low, high = bounds or (None, None)
    found = {"difference": view.difference * scale, "low": low, "high": high}
    return view.model_copy(update=found)


def _figures(
    metric: AbMetric,
    a: Sequence[float],
    b: Sequence[float],
    compared: PairedView,
    *,
    scale: float = 1.0,
) -> MetricFigures:
    values = {"A": _value(a, scale), "B": _value(b, scale)}
    return MetricFigures(metric=metric, comparison=compared if a else None, **values)


def _value(values: Sequence[float], scale: float) -> MetricValue:
    if not values:
        return MetricValue()
    # On its own scale: of many values, the bootstrap rounds to thousandths
    interval = mean_interval([each / scale for each in values])
    low, high = (each * scale for each in interval) if interval else (None, None)
    return MetricValue(value=sum(values) / len(values), low=low, high=high, n=len(values))


def _rate(values: Sequence[float]) -> MetricValue:
    if not values:
        return MetricValue()
    rate, n = sum(values) / len(values), len(values)
    low, high = wilson_of_rate(rate, n) if n >= FEWEST else (None, None)
    return MetricValue(value=rate, low=low, high=high, n=n)
