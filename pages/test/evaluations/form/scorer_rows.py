"""Which scorers a row of the form can say: those of a kind and a value."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.scoring.schemas import ScorerSpec

# The label of the value, and the field that it is
KINDS = {
    "Contains": ("contains", "Text that the answer contains", "values"),
    "Does not contain": ("contains", "Text that the answer does not contain", "values"),
    "Equals": ("exact", "Text (empty: the reference)", "value"),
    "Pattern": ("regex", "RE2 pattern", "pattern"),
    "Number": ("numeric", "Number (empty: of the reference)", "value"),
    "Similar": ("similarity", "Text (empty: the reference)", "value"),
    "Is JSON": ("json_schema", "", ""),
    "Judge": ("judge", "Rubric", "rubric"),
    "Calls tool": ("tool_called", "Name of the tool", "tool"),
    "Latency": ("latency", "At most, in milliseconds", "max_ms"),
    "Cost": ("cost", "At most, in US dollars", "max_usd"),
}
REFERENCE = ("exact", "numeric", "similarity")
SPEC: TypeAdapter[Any] = TypeAdapter(ScorerSpec)


def scorer_of(label: str, entered: str, judge: str | None) -> dict[str, Any]:
    """Return the scorer that a row says, as requests have it."""
    kind, _, field = KINDS[label]
    value = entered.strip()
    found: dict[str, Any] = {"kind": kind, "negate": label == "Does not contain"}
    if kind == "judge":
        found["judge_model_id"] = judge
    if field and (value or kind not in REFERENCE):
        found[field] = [value] if field == "values" else value
    return found


def row_of(scorer: dict[str, Any], judge: str | None) -> tuple[str, str] | None:
    """Return the label and value of the row that is read as a scorer, or None without one."""
    for label, (kind, _, field) in KINDS.items():
        values = scorer.get(field) if field == "values" else [scorer.get(field)]
        value = str(values[0]) if values and values[0] is not None else ""
        # A field of one line takes no line breaks
        if kind != scorer["kind"] or "\n" in value:
            continue
        if _stored(scorer_of(label, value, judge)) == scorer:
            return label, value
    return None


def _stored(entered: dict[str, Any]) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = SPEC.dump_python(SPEC.validate_python(entered), mode="json")
    except ValidationError:
        return None
    return found
