"""Check values of variables against their declarations, and write them as text."""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.platform.patterns import USUAL_BYTES, compiled
from core.prompts.errors import VariablesRefused
from core.prompts.schemas import PromptVariable, VariableType

TYPE_NAMES = {
    VariableType.STRING: "text",
    VariableType.NUMBER: "a number",
    VariableType.BOOLEAN: "true or false",
    VariableType.ARRAY: "an array",
    VariableType.OBJECT: "an object",
}


def texts_of(
    declared: Iterable[PromptVariable],
    used: Iterable[str],
    values: Mapping[str, Any],
    context: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """Return the text of each variable that is used or declared.

    Undeclared variables are required texts. `context` fills what `values` lacks; it may have names
    that are no variables. Raises VariablesRefused with a message for each variable.
    """
    variables = {name: PromptVariable(name=name) for name in used}
    variables |= {variable.name: variable for variable in declared}
    errors = {name: "No such variable in this prompt." for name in values.keys() - variables}
    given = {**(context or {}), **values}
    texts: dict[str, str] = {}
    for name, variable in variables.items():
        value = given.get(name, variable.default)
        if value is None and variable.required:
            errors[name] = "A value is required."
        elif value is not None and (problem := problem_of(variable, value)) is not None:
            errors[name] = problem
        else:
            texts[name] = text_of(value)
    if errors:
        raise refusal(errors)
    return texts


def refusal(errors: Mapping[str, str]) -> VariablesRefused:
    """Return the error that says what is wrong with each variable."""
    summary = " ".join(f"{name}: {problem}" for name, problem in errors.items())
    fields = [
        {"field": f"variables.{name}", "message": problem} for name, problem in errors.items()
    ]
    return VariablesRefused(summary, errors=fields)


def text_of(value: Any) -> str:  # noqa: ANN401  JSON
    """Return a value as it stands in the prompt: text as it is, everything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def problem_of(variable: PromptVariable, value: Any) -> str | None:  # noqa: ANN401  JSON
    """Return what is wrong with a value, or None."""
    if (problem := type_problem_of(variable, value)) is not None:
        return problem
    rules = variable.rules
    if rules.choices and value not in rules.choices:
        return f"Must be one of: {', '.join(text_of(each) for each in rules.choices)}."
    if isinstance(value, str | list):
        unit = "characters" if isinstance(value, str) else "items"
        problem = _beyond(len(value), rules.min_length, rules.max_length, f" {unit}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        problem = _beyond(value, rules.minimum, rules.maximum, "")
    else:
        problem = None
    if problem is None and rules.pattern and isinstance(value, str):
        # RE2, because people write the pattern: `re` could search for hours
        pattern = compiled(rules.pattern, sizes=[USUAL_BYTES])
        is_match = pattern.fullmatch(value) is not None
        problem = None if is_match else f"Must match {rules.pattern}."
    return problem


def type_problem_of(variable: PromptVariable, value: Any) -> str | None:  # noqa: ANN401  JSON
    """Return what is wrong with the type of a value, or None."""
    return None if CHECKS[variable.type](value) else f"Must be {TYPE_NAMES[variable.type]}."


def _beyond(size: float, lowest: float | None, highest: float | None, unit: str) -> str | None:
    if lowest is not None and size < lowest:
        return f"Must be at least {lowest:.15g}{unit}."
    if highest is not None and size > highest:
        return f"Must be at most {highest:.15g}{unit}."
    return None


def _is_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    # No integer is infinite, and a long one does not fit into the float that isfinite() takes
    return isinstance(value, int) and not isinstance(value, bool)


CHECKS: dict[VariableType, Callable[[object], bool]] = {
    VariableType.STRING: lambda value: isinstance(value, str),
    VariableType.NUMBER: _is_number,
    VariableType.BOOLEAN: lambda value: isinstance(value, bool),
    VariableType.ARRAY: lambda value: isinstance(value, list | tuple),
    VariableType.OBJECT: lambda value: isinstance(value, dict),
}
