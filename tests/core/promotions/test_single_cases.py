"""The runs of a single case are no ten cases, however often it passes."""

import pytest

from core.evaluations.views import Estimate, TargetFigures
from core.promotions.gate_verdicts import verdict_of
from core.promotions.models import LabelGate
from core.promotions.schemas import GateVerdict


@pytest.mark.parametrize(
    ("cases", "by_lower_bound", "verdict"),
    [
        (1, True, GateVerdict.TOO_FEW_CASES),
        (1, False, GateVerdict.PASSED),
        (10, True, GateVerdict.PASSED),
    ],
)
def test_the_lower_bound_of_a_single_case_passes_nothing(
    cases: int, by_lower_bound: bool, verdict: GateVerdict
) -> None:
    rate = Estimate(value=1.0, low=0.96, high=1.0, n=100)
    figures = TargetFigures(target=1, success_rate=rate, score=rate, cases=cases)
    gate = LabelGate(least_rate=0.9, by_lower_bound=by_lower_bound)
    assert verdict_of(gate, figures)[0] is verdict
