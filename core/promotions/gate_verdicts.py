"""What a gate says of the evaluation of a version, in words."""

from core.evaluations.figures.figure_texts import written
from core.evaluations.views import TargetFigures
from core.presentation.formatting import count, share
from core.promotions.models import LabelGate
from core.promotions.schemas import GateVerdict, GateView
from core.statistics.bootstrap import FEWEST

ROUNDING = 1e-9  # of a mean of rates
NO_DATASET = "The gate's dataset was removed, or is no longer shared. Change the gate."


def verdict_of(gate: LabelGate, figures: TargetFigures) -> tuple[GateVerdict, str]:
    """Return the verdict on a completed evaluation.

    Calls that failed and answers without a score are in no rate, and answers scored in part are
    there without what is missing: what they would have been is not known, so that no version passes
    with any.
    """
    if missing := _missing(figures):
        return GateVerdict.INCOMPLETE, f"{missing}. Rerun failed calls, or score again."
    rate = figures.success_rate
    decisive = rate.low if gate.by_lower_bound else rate.value
    # The interval of a single case is that of its runs
    if decisive is None or (gate.by_lower_bound and figures.cases < FEWEST):
        words = f"{written(rate)}: the gate needs the interval of {FEWEST} cases or more."
        return GateVerdict.TOO_FEW_CASES, words
    is_passed = decisive >= gate.least_rate - ROUNDING
    verdict = GateVerdict.PASSED if is_passed else GateVerdict.NOT_PASSED
    return verdict, f"{written(rate)} passed; {asked_for(gate)}."


def asked_for(gate: LabelGate | GateView) -> str:
    """Return the rate that a gate asks for."""
    least = share(gate.least_rate)
    return f"the lower bound must reach {least}" if gate.by_lower_bound else f"{least} must pass"


def _missing(figures: TargetFigures) -> str:
    """Return what has no score, or an empty text."""
    parts = [
        count(figures.failed, "call failed", "calls failed") if figures.failed else "",
        count(figures.not_scored, "answer could not be scored", "answers could not be scored")
        if figures.not_scored
        else "",
        count(figures.partly_scored, "answer was scored in part", "answers were scored in part")
        if figures.partly_scored
        else "",
    ]
    return ", ".join(filter(None, parts))
