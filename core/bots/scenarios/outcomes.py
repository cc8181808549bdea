"""Rules of expected outcomes; an outcome without a rule is for the judge."""

from dataclasses import dataclass
from enum import StrEnum

from core.platform.patterns import USUAL_BYTES, compiled


class Rule(StrEnum):
    CONTAINS = "contains"
    CONTAINS_NOT = "does not contain"
    MATCHES = "matches"


@dataclass(frozen=True)
class RuleCheck:
    """Whether a text follows a rule, and why."""

    met: bool
    reason: str


def rule_of(outcome: str) -> tuple[Rule, str] | None:
    """Return the rule of an outcome and its value, None for one that a judge checks."""
    name, colon, value = outcome.partition(":")
    try:
        rule = Rule(name.strip().lower())
    except ValueError:
        return None
    return (rule, value.strip()) if colon and value.strip() else None


def checked_outcome(outcome: str) -> None:
    """Raise ValueError for a pattern that RE2 doesn't compile."""
    match rule_of(outcome):
        case (Rule.MATCHES, pattern):
            compiled(pattern, sizes=[USUAL_BYTES])


def check(outcome: str, answer: str) -> RuleCheck | None:
    """Return whether an answer follows the rule of an outcome, None without a rule."""
    match rule_of(outcome):
        case (Rule.CONTAINS, value):
            found = value.casefold() in answer.casefold()
            return RuleCheck(found, f"“{value}” is {'' if found else 'not '}in the answer.")
        case (Rule.CONTAINS_NOT, value):
            found = value.casefold() in answer.casefold()
            return RuleCheck(not found, f"“{value}” is {'' if found else 'not '}in the answer.")
        case (Rule.MATCHES, pattern):
            found = compiled(pattern, sizes=[USUAL_BYTES]).search(answer) is not None
            return RuleCheck(found, f"The pattern {'matches' if found else 'does not match'}.")
        case _:
            return None
