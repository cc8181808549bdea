"""Wherever people write patterns, a bad one is refused with the reason and in the same words."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from core.bots.result_schemas import NewScenario
from core.ingest.redaction import OwnPattern
from core.platform.patterns import NOT_SUPPORTED
from core.prompts.schemas import VariableRules
from core.scoring.schemas import RegexScorer

PLACES: dict[str, Callable[[str], object]] = {
    "an expected outcome": lambda pattern: NewScenario(
        name="a", user_messages=("b",), expected_outcomes=(f"matches: {pattern}",)
    ),
    "a variable": lambda pattern: VariableRules(pattern=pattern),
    "redaction": lambda pattern: OwnPattern(name="own", pattern=pattern),
    "a scorer": lambda pattern: RegexScorer(pattern=pattern),
}


@pytest.mark.parametrize("place", PLACES)
def test_pattern_is_refused_with_the_reason(place: str) -> None:
    with pytest.raises(ValidationError) as refused:
        PLACES[place]("(a")
    message = refused.value.errors()[0]["msg"]
    assert f"Invalid RE2 pattern: missing ): (a. {NOT_SUPPORTED}" in message
