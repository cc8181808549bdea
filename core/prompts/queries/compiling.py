"""A prompt as a client keeps it: what it includes in place, and for each variable what delimits it.

So a program puts values in place by itself, also while Attune is away.
"""

from sqlalchemy.orm import Session

from core.executions.schemas import MAX_TEXT_CHARS
from core.identity.schemas import Actor
from core.prompts.calls import CompiledPrompt, CompiledVariable
from core.prompts.errors import PromptTooLarge
from core.prompts.queries.prompts import get_named
from core.prompts.queries.rendering import Expansion
from core.prompts.queries.versions import read_version
from core.prompts.template.escaping import Places
from core.prompts.template.syntax import HISTORY, Part, Variable
from core.prompts.template.values import text_of
from core.prompts.views import PromptVersionView

TOO_MANY_TAGS = "Too many tags are open around the variables of this prompt. Close some of them."


def compile_prompt(
    session: Session, reference: str, label: str | None, *, actor: Actor
) -> CompiledPrompt:
    """Return a prompt, by ID or name, with the version of a label; without one, the newest.

    Raises PromptMissing, VersionMissing, LabelMissing, IncludeRefused or PromptTooLarge, also when
    the open tags of all places have more characters than a prompt may have.
    """
    prompt = get_named(session, reference, actor=actor)
    version = read_version(session, prompt.id, label)
    return compile_version(session, prompt.name, version, actor=actor)


def compile_version(
    session: Session, name: str, version: PromptVersionView, *, actor: Actor
) -> CompiledPrompt:
    """Return a version of the prompt with this name; raise what compile_prompt() raises of it."""
    expansion = Expansion(session, actor)
    expansion.declare(version)
    system = expansion.parts(version, is_system=True)
    user = expansion.parts(version, is_system=False)
    at = next((index for index, part in enumerate(user) if part == Variable(HISTORY)), None)
    return CompiledPrompt(
        name=name,
        version=version.number,
        model_id=version.model_id,
        parameters=version.default_parameters,
        system=_compiled(system) if version.system_prompt is not None else None,
        has_history=at is not None,
        before_history=_compiled(user[:at]) if at is not None else [],
        user=_compiled(user[at + 1 :] if at is not None else user),
        defaults={
            name: text_of(variable.default)
            for name, variable in expansion.declared.items()
            if variable.default is not None or not variable.required
        },
        required=[name for name, variable in expansion.declared.items() if variable.required],
    )


def _compiled(parts: list[Part]) -> list[str | CompiledVariable]:
    # Delimiters are those of the template's own text: a value neither opens nor closes one
    places = Places("".join(part for part in parts if isinstance(part, str)))
    compiled: list[str | CompiledVariable] = []
    position = tag_chars = 0
    for part in parts:
        if isinstance(part, Variable):
            place = places.at(position)
            tag_chars += sum(map(len, place.tags))
            if tag_chars > MAX_TEXT_CHARS:
                raise PromptTooLarge(TOO_MANY_TAGS)
            compiled.append(
                CompiledVariable(
                    name=part.name, quote=place.quote, marks=place.marks, tags=tuple(place.tags)
                )
            )
        else:
            compiled.append(str(part))
            position += len(str(part))
    return compiled
