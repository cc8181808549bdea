"""Prompts, made through the product's services."""

from uuid import UUID

from core.database.db import transaction
from core.identity.schemas import Actor
from core.prompts.calls import RenderRequest
from core.prompts.queries import prompts as queries
from core.prompts.queries import rendering
from core.prompts.schemas import LabelTarget, NewPrompt, PromptChange
from core.prompts.service import labels, prompts
from core.prompts.views import PromptView, RenderedPrompt


def create(
    actor: Actor, name: str = "support", prompt: str = "Hello", **more: object
) -> PromptView:
    """Create a prompt."""
    new_prompt = NewPrompt.model_validate({"name": name, "prompt": prompt, **more})
    with transaction() as session:
        return prompts.create_prompt(session, new_prompt, actor=actor)


def save(actor: Actor, prompt_id: UUID, **changes: object) -> PromptView:
    """Change a prompt."""
    with transaction() as session:
        change = PromptChange.model_validate(changes)
        return prompts.change_prompt(session, prompt_id, change, actor=actor)


def label(
    actor: Actor, prompt_id: UUID, version: int, name: str = "production", **more: object
) -> PromptView:
    """Point a label at a version."""
    with transaction() as session:
        target = LabelTarget.model_validate({"name": name, "version": version, **more})
        return labels.move_label(session, prompt_id, target, actor=actor)


def read(actor: Actor, reference: UUID | str) -> PromptView:
    """Return a prompt."""
    with transaction() as session:
        return queries.get_prompt(session, reference, actor=actor)


def render(actor: Actor, reference: UUID | str, **request: object) -> RenderedPrompt:
    """Render a prompt."""
    with transaction() as session:
        return rendering.render(
            session, reference, RenderRequest.model_validate(request), actor=actor
        )
