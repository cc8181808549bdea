"""Assertions of promptfoo as scorers; those without a counterpart are refused by name."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.datasets.files.parsed import reason_of
from core.scoring.schemas import ScorerSpec

SCORER: TypeAdapter[Any] = TypeAdapter(ScorerSpec)
NOT = "not-"
# What may stand beside type and value without a change of meaning
KNOWN = {"type", "value", "threshold", "weight", "metric", "assert"}
RUNS_CODE = {"javascript", "python", "ruby", "webhook"}
ASKS_FOR_JUDGE = {"llm-rubric", "g-eval", "model-graded-closedqa", "agent-rubric", "search-rubric"}
SIMILAR_ABOVE = 0.75  # promptfoo's own default
RE2_SPECIAL = re.compile(r"([^\w\s])", re.ASCII)


class AssertionRefused(Exception):
    """This assertion has no scorer; the text says why."""


def scorer_of(assertion: Mapping[str, Any]) -> Any:  # noqa: ANN401  a ScorerSpec
    """Return an assertion as a scorer; raise AssertionRefused."""
    try:
        return SCORER.validate_python(_fields(assertion))
    except ValidationError as error:
        raise AssertionRefused(reason_of(error)) from None


def _fields(assertion: Mapping[str, Any]) -> dict[str, Any]:
    kind = assertion.get("type")
    if not isinstance(kind, str):
        raise AssertionRefused("it has no type")
    if further := sorted(map(str, assertion.keys() - KNOWN)):
        raise AssertionRefused(f"its options {', '.join(further)} have no counterpart")
    if _is_file(assertion.get("value")):
        raise AssertionRefused("other files (file://) are not read")
    bare = kind.removeprefix(NOT)
    common: dict[str, Any] = {"negate": kind.startswith(NOT)}
    if assertion.get("weight") is not None:
        common["weight"] = assertion["weight"]
    if assertion.get("metric") is not None:
        common["name"] = str(assertion["metric"])
    if bare in RUNS_CODE:
        raise AssertionRefused("code of files is not run")
    if bare in ASKS_FOR_JUDGE:
        return _judge(assertion) | common
    if bare not in KINDS:
        raise AssertionRefused("there is no scorer of this type")
    return KINDS[bare](assertion) | common


def _is_file(value: object) -> bool:
    if isinstance(value, list):
        return any(map(_is_file, value))
    return isinstance(value, str) and value.strip().startswith("file://")


def _text(assertion: Mapping[str, Any]) -> str:
    value = assertion.get("value")
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise AssertionRefused("its value is not a text")
    return str(value)


def _texts(assertion: Mapping[str, Any]) -> list[str]:
    value = assertion.get("value")
    if isinstance(value, list):
        return [_text({"value": each}) for each in value]
    return [part.strip() for part in _text(assertion).split(",") if part.strip()]


def _exact(assertion: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "exact", "value": _text(assertion)}


def _contains(
    *, is_list: bool = False, match: str = "all", case_sensitive: bool = True
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    def fields(assertion: Mapping[str, Any]) -> dict[str, Any]:
        values = _texts(assertion) if is_list else [_text(assertion)]
        return {
            "kind": "contains",
            "values": values,
            "match": match,
            "case_sensitive": case_sensitive,
        }

    return fields


def _begins(assertion: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "regex", "pattern": "^" + RE2_SPECIAL.sub(r"\\\1", _text(assertion))}


def _regex(assertion: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "regex", "pattern": _text(assertion)}


def _json(assertion: Mapping[str, Any]) -> dict[str, Any]:
    schema = assertion.get("value")
    if isinstance(schema, str):
        try:
            schema = json.loads(schema)
        except (ValueError, RecursionError):
            raise AssertionRefused("its schema is not valid JSON") from None
    if schema is not None and not isinstance(schema, dict):
        raise AssertionRefused("its schema is not an object")
    return {"kind": "json_schema", "schema": schema or {}}


def _similar(assertion: Mapping[str, Any]) -> dict[str, Any]:
    given = assertion.get("threshold")
    threshold = SIMILAR_ABOVE if given is None else given
    if not isinstance(assertion.get("value"), list):
        return {"kind": "similarity", "value": _text(assertion), "threshold": threshold}
    inner = [
        {"kind": "similarity", "value": text, "threshold": threshold} for text in _texts(assertion)
    ]
    return {"kind": "any", "scorers": inner}


def _judge(assertion: Mapping[str, Any]) -> dict[str, Any]:
    value, threshold = assertion.get("value"), assertion.get("threshold")
    rubric = "\n".join(_texts(assertion)) if isinstance(value, list) else _text(assertion)
    chosen = {} if threshold is None else {"threshold": threshold}
    return {"kind": "judge", "rubric": rubric} | chosen


def _facts(assertion: Mapping[str, Any]) -> dict[str, Any]:
    rubric = f"The answer agrees in its facts with this text:\n{_text(assertion)}"
    return _judge({**assertion, "value": rubric})


def _latency(assertion: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "latency", "max_ms": _limit(assertion)}


def _cost(assertion: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "cost", "max_usd": str(_limit(assertion))}


def _limit(assertion: Mapping[str, Any]) -> object:
    threshold = assertion.get("threshold")
    if threshold is None:
        raise AssertionRefused("it has no threshold")
    return threshold


def _set(assertion: Mapping[str, Any]) -> dict[str, Any]:
    if assertion.get("threshold") is not None:
        raise AssertionRefused("the threshold of a set has no counterpart")
    inner = assertion.get("assert")
    if not isinstance(inner, list) or not all(isinstance(each, Mapping) for each in inner):
        raise AssertionRefused("it has no list of assertions")
    return {"kind": "all", "scorers": [_fields(each) for each in inner]}


KINDS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "equals": _exact,
    "contains": _contains(),
    "icontains": _contains(case_sensitive=False),
    "contains-all": _contains(is_list=True),
    "icontains-all": _contains(is_list=True, case_sensitive=False),
    "contains-any": _contains(is_list=True, match="any"),
    "icontains-any": _contains(is_list=True, match="any", case_sensitive=False),
    "starts-with": _begins,
    "regex": _regex,
    "is-json": _json,
    "similar": _similar,
    "factuality": _facts,
    "model-graded-factuality": _facts,
    "latency": _latency,
    "cost": _cost,
    "assert-set": _set,
}
