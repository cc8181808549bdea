"""Render the system part of a prompt, for chats in which people write the user's messages."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.orm import Session

from core.identity.schemas import Actor
from core.prompts.calls import RenderRequest
from core.prompts.queries.prompts import get_named
from core.prompts.queries.rendering import Expansion, list_variables, names_in, render_content
from core.prompts.queries.versions import read_version
from core.prompts.schemas import PromptVariable
from core.prompts.views import PromptVersionView, RenderedPrompt


def render_system_prompt(
    session: Session, reference: UUID | str, request: RenderRequest, *, actor: Actor
) -> RenderedPrompt:
    """Render a prompt's system text alone; the text of a prompt without one is its system text.

    `reference` is an ID, a name or `name@label`. Raises what rendering raises.
    """
    name, _, label = str(reference).partition("@")
    prompt = get_named(session, name, actor=actor)
    version = read_version(session, prompt.id, label or request.label or request.version)
    part = _system_part(version, _used(session, version, actor))
    rendered = render_content(session, prompt, part, request, actor=actor)
    return rendered.model_copy(update={"system_prompt": _text_of(rendered), "prompt": ""})


def list_system_variables(
    session: Session, version: PromptVersionView, *, actor: Actor
) -> list[PromptVariable]:
    """Return the variables of a version's system text and of what it includes."""
    used = _used(session, version, actor)
    unused = {each.name for each in version.variables if each.name not in used}
    found = list_variables(session, _system_part(version, used), actor=actor)
    return [each for each in found if each.name not in unused]


def _used(session: Session, version: PromptVersionView, actor: Actor) -> list[str]:
    """Return the variables in a version's system text and in what it includes."""
    is_system = version.system_prompt is not None
    return names_in(Expansion(session, actor).parts(version, is_system=is_system))


def _system_part(version: PromptVersionView, used: Collection[str]) -> PromptVersionView:
    """Return a version without its user text."""
    if version.system_prompt is None:
        return version
    # Variables of the user text have no place here, so no value may be demanded for them
    variables = [
        each if each.name in used else each.model_copy(update={"required": False})
        for each in version.variables
    ]
    return version.model_copy(update={"prompt": "", "variables": variables})


def _text_of(rendered: RenderedPrompt) -> str:
    if rendered.system_prompt is not None:
        return rendered.system_prompt
    return "\n\n".join([*(each.content for each in rendered.messages), rendered.prompt])
