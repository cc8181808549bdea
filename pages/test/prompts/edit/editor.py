"""The widgets of a prompt being edited, and the version that they make."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from core.errors import Invalid
from core.presentation.validation import message_of
from core.prompts.schemas import PromptContent, PromptVariable, VariableRules, VariableType
from core.prompts.template import syntax, values
from core.prompts.views import PromptVersionView, PromptView
from pages._ui import state
from pages._ui.prompts import proposed_version
from pages._ui.prompts.proposed_version import ProposedVersion
from pages.test.prompts.edit import default_parameters

TEXT, CHAT = "Text", "Chat"
RULES = ("min_length", "max_length", "minimum", "maximum", "pattern")
NO_MODEL = "No default model"


def key_of(prompt_id: UUID, *names: str) -> str:
    """Return the key of a widget."""
    return ".".join(("prompts.edit", str(prompt_id), *names))


def text_keys(prompt_id: UUID) -> list[str]:
    """Return the keys of the fields of text."""
    return [key_of(prompt_id, name) for name in ("system", "prompt", "note")]


def refill(prompt_id: UUID) -> None:
    """Fill the fields of text anew when they are drawn next: they would be empty after a section
    that has none, and whose run was cut off.
    """
    for key in text_keys(prompt_id):
        state.put_back(key, state.get(key, ""))


class PromptEditor:
    """The state of the widgets; it stays until the prompt is saved or loaded again."""

    def __init__(self, prompt: PromptView) -> None:
        self.prompt = prompt
        if proposed := proposed_version.take(prompt.id):
            self._propose(proposed)
        elif self.base is None:
            self.load(prompt)

    def key(self, *names: str) -> str:
        """Return the key of a widget."""
        return key_of(self.prompt.id, *names)

    @property
    def base(self) -> int | None:
        """The version that was loaded."""
        return state.get(self.key("base"), None)

    @property
    def is_chat(self) -> bool:
        return state.get(self.key("form"), TEXT) == CHAT

    def load(self, version: PromptView | PromptVersionView) -> None:
        """Fill the widgets from a version, as a change of the newest."""
        state.put(self.key("base"), self.prompt.version)
        state.put(self.key("form"), TEXT if version.system_prompt is None else CHAT)
        state.put(self.key("system"), version.system_prompt or "")
        state.put(self.key("prompt"), version.prompt)
        state.put(self.key("model"), version.model_id or NO_MODEL)
        default_parameters.load(version.default_parameters, self.key)
        state.put(self.key("note"), "")
        state.put(self.key("declared"), [variable.name for variable in version.variables])
        for variable in version.variables:
            self._load_variable(variable)
        refill(self.prompt.id)

    def _propose(self, proposed: ProposedVersion) -> None:
        """Fill the widgets with a change of the newest version: what was tried on another page."""
        self.load(self.prompt)
        # It is a text that was sent: its braces name no variables
        text = proposed.text.replace("{{", r"\{{")
        state.put(self.key("system" if self.is_chat else "prompt"), text)
        state.put(self.key("model"), proposed.model or NO_MODEL)
        default_parameters.load(proposed.parameters, self.key)
        state.put(self.key("note"), proposed.note)
        refill(self.prompt.id)

    def _load_variable(self, variable: PromptVariable) -> None:
        for name in ("type", "description", "required"):
            state.put(self.variable_key(variable.name, name), getattr(variable, name))
        default = variable.default
        state.put(self.variable_key(variable.name, "default"), values.text_of(default))
        state.put(self.variable_key(variable.name, "stored_default"), default)
        for name in RULES:
            state.put(self.variable_key(variable.name, name), getattr(variable.rules, name))
        choices = variable.rules.choices
        state.put(self.variable_key(variable.name, "choices"), _shown(choices))
        state.put(self.variable_key(variable.name, "stored_choices"), choices)

    def variable_key(self, variable: str, name: str) -> str:
        """Return the key of a variable's widget."""
        return self.key("variable", variable, name)

    def texts(self) -> tuple[str | None, str]:
        """Return the system prompt, None for a text prompt, and the user text."""
        system = state.get(self.key("system"), "") if self.is_chat else None
        return system, state.get(self.key("prompt"), "")

    def names(self) -> list[str]:
        """Return the variables in the texts, then those that are declared only."""
        used = syntax.variables_in(*self.texts())
        return list(dict.fromkeys([*used, *state.get(self.key("declared"), [])]))

    def drop(self, name: str) -> None:
        """Remove the declaration of a variable that the texts don't use."""
        declared: Sequence[str] = state.get(self.key("declared"), [])
        state.put(self.key("declared"), [each for each in declared if each != name])

    def content(self) -> PromptContent:
        """Return what the widgets hold; raise Invalid."""
        system, prompt = self.texts()
        model = state.get(self.key("model"), NO_MODEL)
        try:
            return PromptContent(
                prompt=prompt,
                system_prompt=system,
                variables=tuple(self._variable(name) for name in self.names()),
                default_parameters=default_parameters.read(self.key),
                model_id=None if model == NO_MODEL else model,
            )
        except ValidationError as error:
            raise Invalid(_first(error)) from None

    def _variable(self, name: str) -> PromptVariable:
        kind = VariableType(state.get(self.variable_key(name, "type"), VariableType.STRING))
        entered = {rule: state.get(self.variable_key(name, rule), None) for rule in RULES}
        rules = {rule: value for rule, value in entered.items() if value not in (None, "")}
        try:
            return PromptVariable(
                name=name,
                type=kind,
                description=state.get(self.variable_key(name, "description"), ""),
                required=state.get(self.variable_key(name, "required"), True),
                default=self._default(name, kind),
                rules=VariableRules(
                    **rules,
                    choices=self._choices(name, kind),
                ),
            )
        except ValidationError as error:
            raise Invalid(f"{name}: {_first(error)}") from None

    def _default(self, name: str, kind: VariableType) -> Any:  # noqa: ANN401  JSON
        shown = state.get(self.variable_key(name, "default"), "")
        stored: Any = state.get(self.variable_key(name, "stored_default"), None)
        # Without letters it looks like none: what was not edited stays as it is stored
        if kind is VariableType.STRING and isinstance(stored, str) and shown == stored:
            return stored
        return _value(name, kind, shown)

    def _choices(self, name: str, kind: VariableType) -> tuple[Any, ...]:
        shown = state.get(self.variable_key(name, "choices"), "")
        stored: tuple[Any, ...] = state.get(self.variable_key(name, "stored_choices"), ())
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


def _first(error: ValidationError) -> str:
    return message_of(error.errors()[0])
