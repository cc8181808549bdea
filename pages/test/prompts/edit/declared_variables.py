"""The variables that a version declares, as their widgets hold them: type, default and rules."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError

from core.errors import Invalid
from core.presentation.validation import message_of
from core.prompts.schemas import PromptVariable, VariableRules, VariableType
from core.prompts.template import values
from pages._ui import state

RULES = ("min_length", "max_length", "minimum", "maximum", "pattern")

Key = Callable[[str], str]


def load(variable: PromptVariable, key: Key) -> None:
    """Fill the widgets of a variable."""
    for name in ("type", "description", "required"):
        state.put(key(name), getattr(variable, name))
    state.put(key("default"), values.text_of(variable.default))
    state.put(key("stored_default"), variable.default)
    for name in RULES:
        state.put(key(name), getattr(variable.rules, name))
    choices = variable.rules.choices
    state.put(key("choices"), _shown(choices))
    state.put(key("stored_choices"), choices)


def read(name: str, key: Key) -> PromptVariable:
    """Return what the widgets of a variable hold; raise Invalid."""
    kind = VariableType(state.get(key("type"), VariableType.STRING))
    entered = {rule: state.get(key(rule), None) for rule in RULES}
    rules = {rule: value for rule, value in entered.items() if value not in (None, "")}
    try:
        return PromptVariable(
            name=name,
            type=kind,
            description=state.get(key("description"), ""),
            required=state.get(key("required"), True),
            default=_default(name, kind, key),
            rules=VariableRules(**rules, choices=_choices(name, kind, key)),
        )
    except ValidationError as error:
        raise Invalid(f"{name}: {message_of(error.errors()[0])}") from None


def _default(name: str, kind: VariableType, key: Key) -> Any:  # noqa: ANN401  JSON
    shown = state.get(key("default"), "")
    stored: Any = state.get(key("stored_default"), None)
    # Without letters it looks like none: what was not edited stays as it is stored
    if kind is VariableType.STRING and isinstance(stored, str) and shown == stored:
        return stored
    return _value(name, kind, shown)


def _choices(name: str, kind: VariableType, key: Key) -> tuple[Any, ...]:
    shown = state.get(key("choices"), "")
    stored: tuple[Any, ...] = state.get(key("stored_choices"), ())
    # One of the API's may have line ends: what was not edited stays as it is stored
    if kind is VariableType.STRING and shown == _shown(stored):
        return stored
    return tuple(_value(name, kind, line) for line in shown.split("\n") if line.strip())


def _shown(choices: Sequence[Any]) -> str:
    return "\n".join(values.text_of(choice) for choice in choices)


def _value(name: str, kind: VariableType, shown: str) -> Any:  # noqa: ANN401  JSON
    """Return the value that stands in a text field; raise Invalid."""
    if not shown.strip():
        return None
    if kind is VariableType.STRING:
        return shown
    try:
        return json.loads(shown)
    except (ValueError, RecursionError):
        raise Invalid(f"{name}: “{shown[:80]}” is not {values.TYPE_NAMES[kind]}.") from None
