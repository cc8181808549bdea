"""Patterns of variables hold up the process only while a budget lasts."""

from typing import Any

import pytest
from pydantic import ValidationError

from core.database.tables import STORED
from core.prompts.schemas import NewPrompt, PromptChange, PromptContent
from core.prompts.service import transfer
from core.prompts.yaml_files import FileRefused

TOGETHER = "too large together"


def variables(count: int, prefix: str = "v") -> list[dict[str, Any]]:
    return [
        {"name": f"{prefix}{number}", "rules": {"pattern": rf"{prefix}{number}[\pL\pN]{{50}}"}}
        for number in range(count)
    ]


def test_patterns_of_a_new_prompt_that_take_long_to_compile_are_refused_together() -> None:
    # A body of 6 KB with a hundred such patterns held up the whole process for 3 s
    with pytest.raises(ValidationError, match=TOGETHER):
        NewPrompt.model_validate({"name": "a", "prompt": "b", "variables": variables(60)})


def test_patterns_of_a_change_have_the_same_budget() -> None:
    with pytest.raises(ValidationError, match=TOGETHER):
        PromptChange.model_validate({"variables": variables(60)})


def test_patterns_of_all_versions_of_a_file_count_together() -> None:
    versions = [
        {"number": number, "prompt": "b", "variables": variables(10, prefix=f"v{number}_")}
        for number in range(1, 7)
    ]
    with pytest.raises(FileRefused, match=TOGETHER):
        transfer._read({"name": "a", "versions": versions})  # noqa: SLF001  the whole file


def test_stored_patterns_are_not_compiled_again() -> None:
    # Each read of a prompt would hold up the process as long as its save did
    content = PromptContent.model_validate({"variables": variables(60)}, context=STORED)
    assert len(content.variables) == 60
