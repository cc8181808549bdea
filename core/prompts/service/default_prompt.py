"""The prompt `default`, whose production version is the system prompt of the playground."""

from sqlalchemy.orm import Session

from core.identity.schemas import Actor
from core.prompts.calls import RenderRequest
from core.prompts.queries import prompts
from core.prompts.queries.rendering import render
from core.prompts.schemas import DEFAULT_PROMPT_NAME, LabelTarget, PromptChange
from core.prompts.service import labels
from core.prompts.service.prompts import change_prompt
from core.prompts.template.syntax import DEFAULT_LABEL

IN_PRODUCTION = RenderRequest(label=DEFAULT_LABEL)


def read_default_prompt(session: Session, *, actor: Actor) -> str:
    """Return the system prompt of the playground."""
    return render(session, DEFAULT_PROMPT_NAME, IN_PRODUCTION, actor=actor).system_prompt or ""


def set_default_prompt(session: Session, text: str, *, actor: Actor) -> None:
    """Save a text as the newest version of the default prompt, in production."""
    if text == read_default_prompt(session, actor=actor):
        return
    prompt = prompts.get_prompt(session, DEFAULT_PROMPT_NAME, actor=actor)
    # The field in Settings takes a text: braces in it are no placeholders
    change = PromptChange(
        prompt="", system_prompt=text.replace("{{", r"\{{"), note="Saved in Settings"
    )
    saved = change_prompt(session, prompt.id, change, actor=actor)
    target = LabelTarget(name=DEFAULT_LABEL, version=saved.version)
    labels.move_label(session, prompt.id, target, actor=actor)
