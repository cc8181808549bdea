"""The winner of an A/B test: quality decides, the other metrics are compared beside it."""

from core.ab_tests.schemas import VariantId
from core.ab_tests.views import AbMetric, AbTestFigures, MetricFigures, Winner
from core.evaluations.figures.comparison import words_of
from core.statistics.paired import Verdict

RULE = (
    "Quality decides: the variant whose answers are better wins. Where no difference in quality is "
    "shown, it is a tie; consistency, response time and cost are compared beside it and decide "
    "nothing."
)
NOT_COMPARED = "not compared"
NO_DIFFERENCE = words_of(Verdict.NO_DIFFERENCE, None)
BETTER = {
    AbMetric.QUALITY: "better",
    AbMetric.CONSISTENCY: "more consistent",
    AbMetric.RESPONSE_TIME: "faster",
    AbMetric.COST: "cheaper",
}


def winner_of(figures: AbTestFigures) -> Winner:
    """Return the winner by quality, or a tie."""
    better = better_of(figures.of(AbMetric.QUALITY))
    return Winner.TIE if better is None else Winner(better)


def is_open(winner: Winner, verdict: str | None) -> bool:
    """Whether too few cases were compared, or none, to call it a tie."""
    return winner is Winner.TIE and verdict != NO_DIFFERENCE


def better_of(figures: MetricFigures) -> VariantId | None:
    """Return the variant that is shown to be better by a metric."""
    match figures.comparison and figures.comparison.verdict:
        case Verdict.BETTER:
            return VariantId.A
        case Verdict.WORSE:
            return VariantId.B
        case _:
            return None


def verdict_of(figures: MetricFigures) -> str:
    """Return the verdict on a metric: A is faster, no difference shown, too few cases, or that
    nothing was compared.
    """
    if figures.comparison is None:
        return NOT_COMPARED
    better = better_of(figures)
    return figures.comparison.words if better is None else f"{better} is {BETTER[figures.metric]}"
