"""Compare targets over the cases that they have in common."""

from collections.abc import Mapping, Sequence

from core.evaluations.queries.figures import CaseCounts
from core.evaluations.views import PairedView
from core.presentation.formatting import count
from core.statistics.paired import PairedResult, Verdict, compare_passes, compare_scores

Pair = tuple[CaseCounts, CaseCounts]


def pairs_of(
    counts: Sequence[CaseCounts], others: Sequence[CaseCounts], common: Mapping[int, int]
) -> list[Pair]:
    """Return the cases that both have ended; `common` has the baseline's position of each case."""
    by_position = {each.position: each for each in others}
    return [
        (each, by_position[common[each.position]])
        for each in counts
        if common.get(each.position) in by_position
    ]


def by_passes(pairs: Sequence[Pair]) -> PairedView:
    """Compare pass or fail: McNemar's test for one run of each case, else the bootstrap of the
    differences of their rates.
    """
    scored = [pair for pair in pairs if all(each.scored for each in pair)]
    if all(each.scored == 1 for pair in scored for each in pair):
        return paired_view(
            compare_passes([(this.passed > 0, that.passed > 0) for this, that in scored])
        )
    rates = [this.passed / this.scored - that.passed / that.scored for this, that in scored]
    return by_differences(rates)


def by_scores(pairs: Sequence[Pair]) -> PairedView:
    """Compare the mean scores of the cases."""
    return by_differences(
        [
            float(this.score) - float(that.score)
            for this, that in pairs
            if this.score is not None and that.score is not None
        ]
    )


def by_differences(differences: Sequence[float]) -> PairedView:
    """Compare values of the same cases, of a scale on which 0.05 matters."""
    return paired_view(compare_scores(differences))


def words_of(verdict: Verdict, more_cases: int | None) -> str:
    """Return a verdict in words."""
    if verdict is Verdict.TOO_FEW:
        return f"too few cases: about {more_cases or 0:,} more"
    return verdict.replace("_", " ")


def paired_view(result: PairedResult) -> PairedView:
    """Return a comparison with its verdict in words."""
    interval = result.interval
    return PairedView(
        verdict=result.verdict,
        words=words_of(result.verdict, result.more_cases),
        method=result.method,
        cases=result.cases,
        difference=result.difference,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        p_value=result.p_value,
        only_this=result.only_this,
        only_baseline=result.only_baseline,
        more_cases=result.more_cases,
    )


def explanation(view: PairedView) -> str:
    """Return the figures behind a verdict, in one line."""
    if view.p_value is not None:
        return (
            f"{view.only_this} passed only here, {view.only_baseline} only in the baseline, of "
            f"{count(view.cases, 'case')}; p = {view.p_value:.3g}"
        )
    if view.low is None or view.high is None:
        return f"{view.difference:+.3f} over {count(view.cases, 'case')}"
    return (
        f"{view.difference:+.3f} ({view.low:+.3f} to {view.high:+.3f}) over "
        f"{count(view.cases, 'case')}"
    )
