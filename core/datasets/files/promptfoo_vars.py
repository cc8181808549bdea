"""Variables of promptfoo's tests, and the texts that they fill."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from typing import Any

from core.datasets.schemas import MAX_CASE_CHARS, MOST_CASES

PLACE = re.compile(r"\{\{\s*([A-Za-z_][\w.]*)\s*\}\}")


class CaseVariablesRefused(Exception):
    """A test's variables cannot be read; the text says why."""

    chars = 0  # that were read before


class CaseTooLong(CaseVariablesRefused):
    """A text would be too long with its variables."""

    def __init__(self, chars: int) -> None:
        super().__init__(f"it has more than {MAX_CASE_CHARS:,} characters")
        self.chars = chars


def combinations(variables: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a test's variables, one combination for each value of its lists, as promptfoo does."""
    if any(isinstance(value, str) and value.startswith("file://") for value in variables.values()):
        raise CaseVariablesRefused("a variable is another file (file://), which is not read")
    names = [str(name) for name in variables]
    choices = [value if isinstance(value, list) else [value] for value in variables.values()]
    if prod(len(values) for values in choices) > MOST_CASES:
        raise CaseVariablesRefused(f"its lists have more than {MOST_CASES:,} combinations")
    for values in product(*choices):
        yield dict(zip(names, values, strict=True))


def as_text(value: object) -> str:
    """Return a variable as a template shows it."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def filled(template: str, variables: Mapping[str, Any]) -> str:
    """Return a text with its variables; raise CaseVariablesRefused for what is more than a name."""
    # A template that is filled in by half would ask something else
    if "{%" in template or "{{" in PLACE.sub("", template):
        raise CaseVariablesRefused("only {{names}} are filled in, no filters or statements")

    size = len(template)

    def value_of(found: re.Match[str]) -> str:
        nonlocal size
        value: Any = variables
        for name in found[1].split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        text = "" if value is None else as_text(value)
        size += len(text)
        if size > MAX_CASE_CHARS:
            raise CaseTooLong(size)
        return text

    return PLACE.sub(value_of, template)


def filled_in(value: Any, variables: Mapping[str, Any]) -> Any:  # noqa: ANN401  any JSON
    """Return the value of an assertion with its variables; raise CaseVariablesRefused."""
    if isinstance(value, str):
        return filled(value, variables) if "{{" in value else value
    if isinstance(value, list):
        return [filled_in(each, variables) for each in value]
    return value


def messages_of(template: str | None, variables: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the messages of a prompt with its variables; without a prompt, the variables.

    A prompt may be a JSON list of messages. Raises CaseVariablesRefused.
    """
    if template is None:
        return [{"role": "user", "content": _only(variables)}]
    try:
        said = json.loads(template) if template.lstrip().startswith("[") else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, list) or not all(map(_is_message, said)):
        return [{"role": "user", "content": filled(template, variables)}]
    return [{"role": each["role"], "content": filled(each["content"], variables)} for each in said]


def _is_message(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    return isinstance(value.get("content"), str) and isinstance(value.get("role"), str)


def _only(variables: Mapping[str, Any]) -> str:
    if not variables:
        raise CaseVariablesRefused("it has neither a prompt nor variables")
    if len(variables) == 1:
        return as_text(next(iter(variables.values())))
    return "\n".join(f"{name}: {as_text(value)}" for name, value in variables.items())
