"""What to do after an A/B test, in words with the evidence."""

from collections.abc import Iterator, Mapping

from core.ab_tests.metric_texts import NAMES, UNITS, signed, written
from core.ab_tests.schemas import VariantId
from core.ab_tests.views import AbMetric, AbTestFigures, MetricFigures
from core.ab_tests.winner import BETTER, better_of
from core.evaluations.figures.comparison_views import PairedView
from core.evaluations.figures.figure_texts import written_p
from core.presentation.formatting import count
from core.statistics.paired import Verdict

OTHERS = (AbMetric.CONSISTENCY, AbMetric.RESPONSE_TIME, AbMetric.COST)


def recommend(
    figures: AbTestFigures, names: Mapping[VariantId, str], *, unfit_judge: str | None
) -> str:
    """Return what the figures suggest to do, and the figures behind it."""
    sentences = [
        _about_quality(figures.of(AbMetric.QUALITY), names),
        *_about_others(figures),
        *_about_missing(figures),
        unfit_judge,
    ]
    return " ".join(filter(None, sentences))


def _about_quality(quality: MetricFigures, names: Mapping[VariantId, str]) -> str:
    compared = quality.comparison
    if compared is None:
        return "Quality was not compared: no case has a scored answer of both variants."
    better = better_of(quality)
    if better is not None:
        return f"Use {better}, {names[better]}: its answers are better{_by(quality, better)}."
    if compared.verdict is Verdict.TOO_FEW:
        return (
            f"Add about {count(compared.more_cases or 0, 'more case')} before you choose: quality "
            f"cannot be compared over {count(compared.cases, 'case')}."
        )
    return f"No difference in quality was shown{_by(quality, None)}."


def _about_others(figures: AbTestFigures) -> Iterator[str]:
    same, open_ = list[str](), list[str]()
    for found in map(figures.of, OTHERS):
        name, compared, better = NAMES[found.metric], found.comparison, better_of(found)
        if compared is None:
            continue
        if better is not None:
            yield f"{better} is {BETTER[found.metric]}{_by(found, better)}."
        elif compared.verdict is Verdict.TOO_FEW:
            open_.append(f"{name} (about {compared.more_cases or 0:,} more)")
        else:
            same.append(name)
    if same:
        yield f"No difference in {_joined(same)} was shown."
    if open_:
        yield f"More cases would be needed to compare {_joined(open_)}."


def _joined(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _about_missing(figures: AbTestFigures) -> Iterator[str]:
    a, b = figures.A, figures.B
    if failed := a.failed + b.failed:
        yield f"{count(failed, 'call')} failed ({a.failed} of A, {b.failed} of B)."
    if missing := a.not_scored + b.not_scored:
        answers = count(missing, "answer")
        yield f"{answers} could not be scored ({a.not_scored} of A, {b.not_scored} of B)."


def _by(figures: MetricFigures, better: VariantId | None) -> str:
    """Return the figures behind a comparison, to follow what it shows."""
    compared, metric = figures.comparison, figures.metric
    if compared is None:
        return ""
    cases = count(compared.cases, "case")
    if compared.p_value is not None:
        return f" ({_passes(compared, cases, better)})"
    bounds = [each for each in (compared.low, compared.high) if each is not None]
    if better is not None:  # which says the direction
        by = f" by {written(metric, abs(compared.difference))}{_unit(metric)} ("
        amounts = [written(metric, each) for each in sorted(map(abs, bounds))]
    else:
        by = f" (A − B {signed(metric, compared.difference)}{_unit(metric)}, "
        amounts = [signed(metric, each) for each in bounds]
    interval = f"95% interval {' to '.join(amounts)}, " if amounts else ""
    return f"{by}{interval}{cases})"


def _passes(compared: PairedView, cases: str, better: VariantId | None) -> str:
    only = {VariantId.A: compared.only_this, VariantId.B: compared.only_baseline}
    first, second = (VariantId.B, VariantId.A) if better is VariantId.B else VariantId
    return (
        f"{only[first]} of {cases} passed only with {first}, {only[second]} only with {second}, "
        f"{written_p(compared.p_value or 0)}"
    )


def _unit(metric: AbMetric) -> str:
    return f" {UNITS[metric]}" if metric is AbMetric.COST else ""
