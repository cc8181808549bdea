"""The evidence of a comparison is written for people: no p-value has an exponent."""

import pytest

from core.evaluations.figures.comparison import explanation, paired_view
from core.statistics.paired import compare_discordant


@pytest.mark.parametrize(
    ("only_this", "only_baseline", "said"),
    [
        (20, 1, "20 passed only here, 1 only in the baseline, of 32 cases; p < 0.001"),
        (8, 3, "8 passed only here, 3 only in the baseline, of 32 cases; p = 0.227"),
    ],
)
def test_a_small_p_value_is_written_without_an_exponent(
    only_this: int, only_baseline: int, said: str
) -> None:
    result = compare_discordant(only_this=only_this, only_baseline=only_baseline, cases=32)
    assert explanation(paired_view(result)) == said
