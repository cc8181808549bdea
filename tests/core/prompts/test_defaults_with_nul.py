"""Defaults of variables that have a NUL character, or show how it is written."""

import pytest
from pydantic import ValidationError

from core.prompts.schemas import PromptVariable


@pytest.mark.parametrize("text", [r"\u0000", r"C:\\u0000", r"\\\u0000"])
def test_a_default_may_show_how_a_nul_is_written(text: str) -> None:
    assert PromptVariable(name="a", default={"text": text}).default == {"text": text}


@pytest.mark.parametrize("text", ["\0", "\\\0", "\\\\\0", r"\u0000" + "\0"])
def test_a_default_with_a_nul_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="NUL character"):
        PromptVariable(name="a", default={"text": text})
