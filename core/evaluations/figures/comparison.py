"""Compare targets over the cases that they have in common."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from core.evaluations.figures.comparison_views import PairedView
from core.evaluations.figures.figure_texts import written_p
from core.evaluations.queries.paired_cases import CommonCases, CountedCases, Floats
from core.evaluations.schemas import EvaluationDefinition, RunTarget
from core.presentation.formatting import count
from core.statistics.libraries import numpy
from core.statistics.paired import PairedResult, Verdict, compare_discordant, compare_scores

MOST_CHANGED = 50  # cases that are shown, of the worse and of the better ones


class PairedCases(NamedTuple):
    """The same cases, in the same order, by this target and by the baseline's."""

    this: CountedCases
    baseline: CountedCases

    def select(self, places: Any) -> "PairedCases":  # noqa: ANN401  an index or a mask of numpy
        return PairedCases(self.this.select(places), self.baseline.select(places))


class Changes(NamedTuple):
    """How many cases pass less and more often than by the baseline, and those that changed most:
    the worse ones first.
    """

    worse: int
    better: int
    shown: PairedCases


def pair(this: CountedCases, baseline: CountedCases, common: CommonCases) -> PairedCases:
    """Return the cases that both have ended."""
    np = numpy()
    have_ended = np.isin(common.own, this.positions) & np.isin(common.baseline, baseline.positions)
    own, others = common.own[have_ended], common.baseline[have_ended]
    return PairedCases(
        this.select(np.searchsorted(this.positions, own)),
        baseline.select(np.searchsorted(baseline.positions, others)),
    )


def baseline_target(targets: Sequence[RunTarget]) -> int:
    """Return the number of the target that the others are compared with: the oldest version when
    all are of one prompt or bot, else the first.
    """
    versions = [each.prompt_version or each.bot_version or 0 for each in targets]
    is_one = len({(each.prompt_id, each.bot_id) for each in targets}) == 1
    return versions.index(min(versions)) + 1 if is_one else 1


def scoring_note(this: EvaluationDefinition, baseline: EvaluationDefinition) -> str | None:
    """Return in what two evaluations were not scored alike, None when nothing says so: the
    expectations of the cases themselves are not compared.
    """
    datasets = [(it.manifest.dataset_id, it.manifest.dataset_version) for it in (this, baseline)]
    has_other_expectations = datasets[0] != datasets[1]
    is_same_dataset = this.manifest.dataset_id == baseline.manifest.dataset_id
    source = "another version of the dataset" if is_same_dataset else "cases of another source"
    parts = [
        "other scorers" if this.scorers != baseline.scorers else "",
        "another threshold" if this.threshold != baseline.threshold else "",
        f"{source}, whose expectations may differ" if has_other_expectations else "",
    ]
    said = ", ".join(filter(None, parts))
    return f"Not scored alike: {said}. A difference may come from that." if said else None


def by_passes(cases: PairedCases) -> PairedView:
    """Compare pass or fail: McNemar's test for one run of each case, else the bootstrap of the
    differences of their rates.
    """
    this, baseline = _scored_by_both(cases)
    if (this.scored == 1).all() and (baseline.scored == 1).all():
        return paired_view(
            compare_discordant(
                only_this=int((this.passed > baseline.passed).sum()),
                only_baseline=int((this.passed < baseline.passed).sum()),
                cases=len(this.passed),
            )
        )
    return by_differences(this.passed / this.scored - baseline.passed / baseline.scored)


def changes(cases: PairedCases) -> Changes:
    """Return which cases pass another share of their runs."""
    np = numpy()
    both = _scored_by_both(cases)
    this, baseline = both
    differences = this.passed / this.scored - baseline.passed / baseline.scored
    worse, better = int((differences < 0).sum()), int((differences > 0).sum())
    # Stable: of equal differences, the first case comes first
    shown = [
        np.argsort(differences, kind="stable")[: min(worse, MOST_CHANGED)],
        np.argsort(-differences, kind="stable")[: min(better, MOST_CHANGED)],
    ]
    return Changes(worse, better, both.select(np.concatenate(shown)))


def _scored_by_both(cases: PairedCases) -> PairedCases:
    return cases.select((cases.this.scored > 0) & (cases.baseline.scored > 0))


def by_scores(cases: PairedCases) -> PairedView:
    """Compare the mean scores of the cases."""
    differences = cases.this.scores - cases.baseline.scores
    return by_differences(differences[~numpy().isnan(differences)])


def by_differences(differences: "Sequence[float] | Floats") -> PairedView:
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
            f"{count(view.cases, 'case')}; {written_p(view.p_value)}"
        )
    if view.low is None or view.high is None:
        return f"{view.difference:+.3f} over {count(view.cases, 'case')}"
    return (
        f"{view.difference:+.3f} ({view.low:+.3f} to {view.high:+.3f}) over "
        f"{count(view.cases, 'case')}"
    )
