"""Changes of KPIs in words."""

import pytest

from core.presentation.change_texts import change
from core.presentation.comparison import NOT_KNOWN, kpi
from core.presentation.formatting import FigureUnit


@pytest.mark.parametrize(
    ("value", "before", "said"),
    [
        (-4.0, -1.0, "-3"),
        (0.5, -0.5, "+1"),
        (-0.001, 2.0, "-2"),
        (0.4, 0.0, "+0.4"),
        (0.0, 0.0, "0"),
        (4.0, 1.0, "4.0×"),
        (0.5, 1.0, "-50.0%"),
    ],
)
def test_scores_that_are_not_all_above_zero_differ_by_an_amount(
    value: float, before: float, said: str
) -> None:
    # From -1 to -4 it said 4.0×, as of a rise
    score = kpi("score.mood", "Score mood", FigureUnit.SCORE, (value, before), NOT_KNOWN, ())
    assert change(score) == said


@pytest.mark.parametrize(
    ("unit", "value", "before", "said"),
    [
        (FigureUnit.COUNT, 2789, 2788, "0.0%"),
        (FigureUnit.COUNT, 2788, 2789, "0.0%"),
        (FigureUnit.COUNT, 2790, 2780, "+0.4%"),
        (FigureUnit.SHARE, 0.50001, 0.5, "0.00 pts"),
        (FigureUnit.SHARE, 0.5, 0.501, "-0.10 pts"),
    ],
)
def test_a_change_that_is_rounded_to_nothing_has_no_sign(
    unit: FigureUnit, value: float, before: float, said: str
) -> None:
    # It said "-0.0%"
    figure = kpi("figure", "Figure", unit, (value, before), NOT_KNOWN, ())
    assert change(figure) == said
