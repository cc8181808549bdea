"""The widgets of a prompt being edited, and the version that they make."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from pydantic import ValidationError

from core.errors import Invalid
from core.presentation.validation import message_of
from core.prompts.schemas import PromptContent
from core.prompts.template import syntax
from core.prompts.views import PromptVersionView, PromptView
from pages._ui import state
from pages._ui.prompts import proposed_version
from pages._ui.prompts.proposed_version import ProposedVersion
from pages.test.prompts.edit import declared_variables, default_parameters

TEXT, CHAT = "Text", "Chat"
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
            declared_variables.load(variable, partial(self.variable_key, variable.name))
        refill(self.prompt.id)

    def rebase(self) -> None:
        """Keep what the widgets hold as a change of the newest version, from a callback."""
        state.put(self.key("base"), self.prompt.version)

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
                variables=tuple(
                    declared_variables.read(name, partial(self.variable_key, name))
                    for name in self.names()
                ),
                default_parameters=default_parameters.read(self.key),
                model_id=None if model == NO_MODEL else model,
            )
        except ValidationError as error:
            raise Invalid(message_of(error.errors()[0])) from None
