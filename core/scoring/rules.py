"""Scorers that call no model: the same answer always has the same result."""

from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice

from pydantic_core import from_json

from core.platform.patterns import compiled
from core.providers.structured_output import json_text
from core.scoring.json_schemas import NotASchema, TooComplex, first_violation
from core.scoring.results import not_scored, scored
from core.scoring.schemas import (
    CaseToScore,
    ContainsScorer,
    CostScorer,
    ExactScorer,
    JsonSchemaScorer,
    LatencyScorer,
    NumericScorer,
    RegexScorer,
    ScoredAnswer,
    ScoreResult,
    ToolCalledScorer,
)
from core.scoring.text_measures.comparable import comparable
from core.scoring.text_measures.number_texts import NumberInText, numbers_in

NO_REFERENCE = "The case has no reference answer, and the scorer has no value."
MAX_LISTED = 5


def contains(spec: ContainsScorer, answer: ScoredAnswer) -> ScoreResult:
    """Score the share of the texts that the answer contains, or whether it contains any."""
    text = comparable(answer.text, case_sensitive=spec.case_sensitive)
    missing = [
        value
        for value in spec.values
        if comparable(value, case_sensitive=spec.case_sensitive) not in text
    ]
    found = len(spec.values) - len(missing)
    if spec.match == "any":
        reason = f"Contains {found} of {len(spec.values)}; one is needed."
        return scored(spec, float(found > 0), reason, missing=missing)
    listed = ", ".join(repr(value[:100]) for value in missing[:MAX_LISTED])
    reason = f"Missing: {listed}." if missing else "Contains all of the texts."
    return scored(spec, found / len(spec.values), reason, passed=not missing, missing=missing)


def exact(spec: ExactScorer, answer: ScoredAnswer, case: CaseToScore) -> ScoreResult:
    """Score whether the answer is the text."""
    expected = spec.value if spec.value is not None else case.reference
    if expected is None:
        return not_scored(spec, NO_REFERENCE)
    one, other = (
        comparable(text.strip(), case_sensitive=spec.case_sensitive)
        for text in (answer.text, expected)
    )
    is_same = one == other
    return scored(spec, float(is_same), "Same text." if is_same else "Not the same text.")


def regex(spec: RegexScorer, answer: ScoredAnswer) -> ScoreResult:
    """Score whether the pattern is found."""
    match = compiled(spec.pattern, case_sensitive=spec.case_sensitive).search(answer.text)
    if match is None:
        return scored(spec, 0, "The pattern is not found.")
    return scored(spec, 1, f"Found {match.group()[:200]!r}.")


def json_schema(spec: JsonSchemaScorer, answer: ScoredAnswer) -> ScoreResult:
    """Score whether the answer is JSON that follows the schema."""
    try:
        # Python's also reads NaN, and halves of surrogate pairs, which a reason must not quote
        document = from_json(json_text(answer.text), allow_inf_nan=False)
    except ValueError:
        return scored(spec, 0, "The answer is not JSON.")
    try:
        violation = first_violation(spec.json_schema, document)
    except TooComplex:
        return not_scored(spec, "Checking the schema takes too many steps.")
    except NotASchema:
        return not_scored(spec, "A $ref of the schema leads to something other than a schema.")
    return scored(spec, float(violation is None), violation or "Follows the schema.")


def numeric(spec: NumericScorer, answer: ScoredAnswer, case: CaseToScore) -> ScoreResult:
    """Score whether a number of the answer is within the tolerance."""
    expected = _expected(spec, case)
    if expected is None:
        return not_scored(spec, "Neither the scorer nor the case's reference has a number.")
    found = _candidates(spec, numbers_in(answer.text, spec.unit))
    nearest = min(found, key=lambda each: abs(each.value - expected), default=None)
    if nearest is None:
        with_unit = f" with the unit {spec.unit}" if spec.unit else ""
        return scored(spec, 0, f"The answer has no number{with_unit}.", expected=str(expected))
    allowed = max(
        Decimal(str(spec.tolerance)), Decimal(str(spec.relative_tolerance)) * abs(expected)
    )
    is_near = abs(nearest.value - expected) <= allowed
    reason = f"{nearest.value:,} is {'' if is_near else 'not '}within {allowed:g} of {expected:,}."
    return scored(spec, float(is_near), reason, found=str(nearest.value), expected=str(expected))


def tool_called(spec: ToolCalledScorer, answer: ScoredAnswer) -> ScoreResult:
    """Score whether the tool was called with the arguments."""
    calls = [call for call in answer.tool_calls if call.name == spec.tool]
    called = sorted({call.name for call in answer.tool_calls})
    if not calls:
        others = f" Called: {', '.join(called[:MAX_LISTED])}." if called else " No tool was."
        return scored(spec, 0, f"{spec.tool} was not called.{others}")
    if any(_is_within(spec.arguments, call.arguments) for call in calls):
        return scored(spec, 1, f"{spec.tool} was called as expected.")
    return scored(spec, 0, f"{spec.tool} was called with other arguments.")


def latency(spec: LatencyScorer, answer: ScoredAnswer) -> ScoreResult:
    """Score whether the answer came in time."""
    if answer.latency_ms is None:
        return not_scored(spec, "The answer's latency is not known.")
    is_fast = answer.latency_ms <= spec.max_ms
    return scored(spec, float(is_fast), f"{answer.latency_ms:,} ms of {spec.max_ms:,} ms.")


def cost(spec: CostScorer, answer: ScoredAnswer) -> ScoreResult:
    """Score whether the answer cost no more."""
    if answer.cost_usd is None:
        return not_scored(spec, "The answer is unpriced.")
    is_cheap = answer.cost_usd <= spec.max_usd
    return scored(spec, float(is_cheap), f"${answer.cost_usd:f} of ${spec.max_usd:f}.")


def _expected(spec: NumericScorer, case: CaseToScore) -> Decimal | None:
    if spec.value is not None:
        return Decimal(str(spec.value))
    if case.reference is None:
        return None
    for unit in (spec.unit, None):  # a reference may be the bare number
        first = next(numbers_in(case.reference, unit), None)
        if first is not None:
            return first.value
    return None


def _candidates(spec: NumericScorer, found: Iterator[NumberInText]) -> Iterable[NumberInText]:
    # Never all at once: those of a long answer would fill the memory
    match spec.position:
        case "first":
            return islice(found, 1)
        case "last":
            return deque(found, maxlen=1)
        case "any":
            return found


def _is_within(expected: object, found: object) -> bool:
    """Return whether JSON has the expected values; objects may have more members."""
    match expected, found:
        case dict(), dict():
            return all(
                name in found and _is_within(value, found[name]) for name, value in expected.items()
            )
        case list(), list():
            return len(expected) == len(found) and all(map(_is_within, expected, found))
        case (bool(), _) | (_, bool()):
            return expected is found
        case _:
            return expected == found
