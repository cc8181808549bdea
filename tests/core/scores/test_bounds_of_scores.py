"""A score has a value whose square can still be added up."""

import pytest

from core.platform import clock
from core.scores.schemas import NewScore


@pytest.mark.parametrize("value", [1e101, -1e101, float("inf"), float("nan")])
def test_a_value_that_no_sum_of_squares_holds_is_refused(value: float) -> None:
    # One score of 1e200 was a 422 for the figures of all scores of its period
    score = NewScore(name="tone", value=value, message_id="m01")
    assert (score.wrong(clock.now()) or "").startswith("value: ")


@pytest.mark.parametrize("value", [1e100, -1e100, 0.0, True])
def test_any_other_value_is_taken(value: float) -> None:
    assert NewScore(name="tone", value=value, message_id="m01").wrong(clock.now()) is None
