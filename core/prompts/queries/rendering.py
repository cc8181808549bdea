"""Render a prompt: read what it includes, and put values in place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.executions.schemas import MAX_TEXT_CHARS
from core.identity.schemas import Actor
from core.prompts.calls import RenderRequest
from core.prompts.errors import (
    IncludeRefused,
    LabelMissing,
    PromptMissing,
    PromptTooLarge,
    VersionMissing,
)
from core.prompts.queries.prompts import NamedPrompt, get_named
from core.prompts.queries.versions import read_version
from core.prompts.schemas import PromptContent, PromptVariable
from core.prompts.template import escaping, syntax, values
from core.prompts.template.syntax import HISTORY, Include, Part, Variable
from core.prompts.views import PromptVersionView, PromptView, RenderedPrompt, RenderedTexts
from core.providers.schemas import ChatMessage, MessageRole

DEEPEST = 8  # prompts that include each other
# Ten includes in each of eight levels would be a hundred million texts
MOST_PARTS = 10_000  # texts and placeholders of a prompt with all that it includes
MAX_CHARS = 3 * MAX_TEXT_CHARS  # of these parts: system text, and user text around the history


@dataclass
class Expansion:
    """The texts and variables of a prompt with everything that it includes."""

    session: Session
    actor: Actor
    declared: dict[str, PromptVariable] = field(default_factory=dict)
    versions: dict[Include, PromptVersionView] = field(default_factory=dict)
    path: tuple[Include, ...] = ()
    part_count: int = 0
    char_count: int = 0

    def parts(self, content: PromptContent | PromptVersionView, *, is_system: bool) -> list[Part]:
        """Return the parts of a version's system or user text; raise IncludeRefused."""
        text = content.system_prompt if is_system else content.prompt
        return list(self._parts(text or "", is_system, self.path))

    def declare(self, content: PromptContent | PromptVersionView) -> None:
        """Add declarations of variables; those that came first, from the outer prompt, stay."""
        for variable in content.variables:
            self.declared.setdefault(variable.name, variable)

    def _parts(self, text: str, is_system: bool, path: tuple[Include, ...]) -> Iterator[Part]:
        for part in syntax.parse(text):
            self.part_count += 1
            if self.part_count > MOST_PARTS:
                raise PromptTooLarge(
                    f"This prompt and what it includes has over {MOST_PARTS:,} parts."
                )
            self.char_count += len(part) if isinstance(part, str) else 0
            # Put together first, a prompt that includes a long one 5,000 times took half a gigabyte
            if self.char_count > MAX_CHARS:
                raise PromptTooLarge
            if isinstance(part, Include):
                yield from self._included(part, is_system, path)
            else:
                yield part

    def _included(
        self, include: Include, is_system: bool, path: tuple[Include, ...]
    ) -> Iterator[Part]:
        names = [each.prompt.lower() for each in path]
        if include.prompt.lower() in names or len(path) >= DEEPEST:
            chain = " → ".join(str(each) for each in (*path, include))
            why = "include each other" if len(path) < DEEPEST else "are nested too deeply"
            raise IncludeRefused(f"These prompts {why}: {chain}.")
        version = self._version(include)
        self.declare(version)
        has_both = is_system and version.system_prompt is not None
        text = version.system_prompt if has_both or not version.prompt else version.prompt
        yield from self._parts(text or "", is_system, (*path, include))

    def _version(self, include: Include) -> PromptVersionView:
        # What is included often is read once
        if include not in self.versions:
            try:
                prompt = get_named(self.session, include.prompt, actor=self.actor)
                self.versions[include] = read_version(self.session, prompt.id, include.reference)
            except (PromptMissing, VersionMissing, LabelMissing) as error:
                raise IncludeRefused(
                    f"{{{{> {include}}}}} can't be included: {error.detail}"
                ) from error
        return self.versions[include]


def check_includes(
    session: Session, name: str, content: PromptContent | PromptVersionView, *, actor: Actor
) -> None:
    """Raise IncludeRefused unless everything that a prompt includes exists, and nothing that it
    includes leads back to it. The caller holds the lock of prompts, so that this stays true.
    """
    itself = Include(name, syntax.LATEST)
    expansion = Expansion(session, actor, path=(itself,))
    for is_system in (True, False):
        expansion.parts(content, is_system=is_system)


def list_variables(
    session: Session, version: PromptContent | PromptVersionView, *, actor: Actor
) -> list[PromptVariable]:
    """Return the variables of a version and of what it includes; undeclared ones are texts.

    Raises IncludeRefused or PromptTooLarge.
    """
    expansion = Expansion(session, actor)
    expansion.declare(version)
    used = names_in(*(expansion.parts(version, is_system=is_system) for is_system in (True, False)))
    names = dict.fromkeys([*used, *expansion.declared])
    return [expansion.declared.get(name) or PromptVariable(name=name) for name in names]


def render(
    session: Session, reference: UUID | str, request: RenderRequest, *, actor: Actor
) -> RenderedPrompt:
    """Render a prompt that the actor sees, by ID, name or `name@label`.

    Raises PromptMissing, VersionMissing, LabelMissing, IncludeRefused, VariablesRefused or
    PromptTooLarge.
    """
    name, _, label = str(reference).partition("@")
    prompt = get_named(session, name, actor=actor)
    version = read_version(session, prompt.id, label or request.label or request.version)
    return render_content(session, prompt, version, request, actor=actor)


def render_content(
    session: Session,
    prompt: PromptView | NamedPrompt,
    version: PromptVersionView,
    request: RenderRequest,
    *,
    actor: Actor,
) -> RenderedPrompt:
    """Render a version of a prompt."""
    texts = render_texts(session, version, request, actor=actor)
    return RenderedPrompt(
        name=prompt.name,
        version=version.number,
        version_id=version.id,
        system_prompt=texts.system_prompt,
        messages=texts.messages,
        prompt=texts.prompt,
        parameters=version.default_parameters,
        model_id=version.model_id,
    )


def render_texts(
    session: Session,
    content: PromptContent | PromptVersionView,
    request: RenderRequest,
    *,
    actor: Actor,
) -> RenderedTexts:
    """Return texts with what they include and values in place.

    Raises IncludeRefused, VariablesRefused or PromptTooLarge.
    """
    expansion = Expansion(session, actor)
    expansion.declare(content)
    system = expansion.parts(content, is_system=True)
    user = expansion.parts(content, is_system=False)
    used = names_in(system, user)
    texts = values.texts_of(expansion.declared.values(), used, request.variables, request.context)
    before, text = _around_history(user, texts)
    earlier = [ChatMessage(role=MessageRole.USER, content=before)] if before else []
    return RenderedTexts(
        system_prompt=_filled(system, texts) if content.system_prompt is not None else None,
        messages=[*earlier, *request.messages],
        prompt=text,
    )


def fill_known(text: str, given: Mapping[str, Any]) -> str:
    """Return a text with these values in place of the variables that it names; the rest of it is
    no template, and stays as it is. Raises PromptTooLarge.
    """
    parts: list[Part] = []
    end = 0
    for match in syntax.PLACEHOLDER.finditer(text):
        if match["variable"] in given:
            parts += [text[end : match.start()], Variable(match["variable"])]
            end = match.end()
    parts.append(text[end:])
    return _filled(parts, {name: values.text_of(value) for name, value in given.items()})


def names_in(*texts: list[Part]) -> list[str]:
    """Return the names of variables in texts, each once, in order of appearance."""
    names = [part.name for parts in texts for part in parts if isinstance(part, Variable)]
    return [name for name in dict.fromkeys(names) if name != HISTORY]


def _around_history(parts: list[Part], texts: Mapping[str, str]) -> tuple[str, str]:
    """Return the user text before and after `{{history}}`; without it, all is after."""
    at = next((index for index, part in enumerate(parts) if part == Variable(HISTORY)), None)
    if at is None:
        return "", _filled(parts, texts)
    return _filled(parts[:at], texts).strip(), _filled(parts[at + 1 :], texts).strip()


def _filled(parts: list[Part], texts: Mapping[str, str]) -> str:
    """Return the text with values in place; raise PromptTooLarge."""
    places = escaping.Places("".join(part for part in parts if isinstance(part, str)))
    written: list[str] = []
    position = length = 0
    for part in parts:
        if isinstance(part, Variable):
            text = places.at(position).escape(texts.get(part.name, ""))
        else:
            text = str(part)
            position += len(text)
        length += len(text)
        # While it grows, because a long value may have many places
        if length > MAX_TEXT_CHARS:
            raise PromptTooLarge
        written.append(text)
    return "".join(written)
