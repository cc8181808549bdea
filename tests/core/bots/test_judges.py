"""Which models may judge."""

import pytest

from core.bots.judging import is_fit


def test_the_packaged_model_is_unfit_as_a_judge() -> None:
    assert not is_fit("local:smollm2-135m-instruct")


@pytest.mark.parametrize(
    "model_id", ["openai:gpt-5", "fake:echo", "localhost:local", "local:another"]
)
def test_other_models_are_fit(model_id: str) -> None:
    assert is_fit(model_id)
