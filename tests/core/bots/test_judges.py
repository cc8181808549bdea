"""Which models may judge."""

import pytest

from core.bots.judging import UNFIT, is_fit, warning_of


def test_the_packaged_model_is_unfit_as_a_judge_and_says_so() -> None:
    assert warning_of("local:smollm2-135m-instruct") == UNFIT


@pytest.mark.parametrize("model_id", ["openai:gpt-5", "fake:echo", "localhost:local"])
def test_other_models_are_fit(model_id: str) -> None:
    assert is_fit(model_id)
