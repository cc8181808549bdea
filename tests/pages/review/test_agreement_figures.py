"""Agreement is written with two decimals."""

import pytest

from pages.review.tuning.summary import disagreements


@pytest.mark.parametrize(("value", "said"), [(-0.001, "0.00"), (-0.116, "-0.12"), (None, "n/a")])
def test_an_agreement_that_rounds_to_zero_has_no_sign(value: float | None, said: str) -> None:
    assert disagreements.figure(value) == said
