"""Rules of expected outcomes."""

import pytest
from pydantic import ValidationError

from core.bots.result_schemas import NewScenario
from core.bots.scenarios.outcomes import check


@pytest.mark.parametrize(
    ("outcome", "answer", "met"),
    [
        ("contains: Refund", "We refund you.", True),
        ("contains: refund", "We can't.", False),
        ("does not contain: lawyer", "We refund you.", True),
        ("Does not contain: refund", "We refund you.", False),
        (r"matches: \b30 days\b", "Within 30 days.", True),
        (r"matches: ^Hello", "Oh, Hello", False),
    ],
)
def test_a_rule_is_checked_without_a_judge(outcome: str, answer: str, *, met: bool) -> None:
    found = check(outcome, answer)
    assert found is not None
    assert found.met is met


@pytest.mark.parametrize("outcome", ["helpful", "polite: very much so", "contains:"])
def test_an_outcome_without_a_rule_is_for_the_judge(outcome: str) -> None:
    assert check(outcome, "anything") is None


def test_a_pattern_that_does_not_compile_is_refused_with_the_scenario() -> None:
    with pytest.raises(ValidationError, match="Invalid RE2 pattern"):
        NewScenario(name="a", user_messages=("b",), expected_outcomes=("matches: (?=a)",))
