"""Read what a check of a prompt needs: what it includes, and its model."""

from uuid import UUID

from sqlalchemy.orm import Session

from core.database.tables import STORED
from core.identity.schemas import Actor
from core.prompts.guidance import checks
from core.prompts.guidance.findings import PromptFinding
from core.prompts.queries.prompts import get_prompt
from core.prompts.queries.rendering import Expansion
from core.prompts.schemas import PromptContent
from core.prompts.template.syntax import LATEST, Include
from core.providers import catalogue
from core.providers.errors import ModelMissing
from core.providers.schemas import ModelView


def check_prompt(
    session: Session, prompt_id: UUID, content: PromptContent | None = None, *, actor: Actor
) -> list[PromptFinding]:
    """Return what may be wrong with the content, or without it with the newest version.

    Raises PromptMissing, IncludeRefused or PromptTooLarge.
    """
    prompt = get_prompt(session, prompt_id, actor=actor)
    if content is None:
        newest = prompt.model_dump(include=set(PromptContent.model_fields))
        content = PromptContent.model_validate(newest, context=STORED)
    expansion = Expansion(session, actor, path=(Include(prompt.name, LATEST),))
    expansion.declare(content)
    parts = [
        *expansion.parts(content, is_system=True),
        "\n",
        *expansion.parts(content, is_system=False),
    ]
    expanded = checks.ExpandedPrompt(parts, frozenset(expansion.declared))
    return checks.check(content, expanded, _model(session, content.model_id))


def _model(session: Session, model_id: str | None) -> ModelView | None:
    """Return the prompt's model; without one, that with the smallest context."""
    if model_id:
        try:
            return catalogue.find_route(session, model_id).model
        except ModelMissing:
            return None
    models = [each for each in catalogue.list_models(session) if each.context_window is not None]
    return min(models, key=lambda each: each.context_window or 0, default=None)
