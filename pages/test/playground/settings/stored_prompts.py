"""The stored prompts and bots that a chat or a column can use, and the values they need."""

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from core.bots.instructions import instructions_of
from core.bots.queries.bots import get_bot, get_version_content, list_bots
from core.bots.schemas import BotContent
from core.database.db import Session
from core.database.paging import LARGEST_PAGE, Window
from core.identity.schemas import Actor
from core.prompts.calls import RenderRequest
from core.prompts.queries.prompts import get_named, list_prompts
from core.prompts.queries.system_prompts import list_system_variables, render_system_prompt
from core.prompts.queries.versions import read_version
from core.prompts.schemas import PromptFilter, PromptOrder, PromptVariable
from core.providers.schemas import ModelView, Parameters
from pages._ui import guard
from pages._ui.prompts import value_fields

# Names of prompts have neither an at sign nor a colon
LATEST, BOT = "@latest", "bot:"


class StoredSettings(NamedTuple):
    """What a stored prompt or bot is called with; the model is that of a prompt's version."""

    model: str | None
    parameters: Parameters


def read_options() -> dict[str, str]:
    """Return the titles of prompts and bots, by what identifies each in a select box."""
    with guard.work() as (session, actor):
        window = Window(limit=LARGEST_PAGE)
        found = list_prompts(session, PromptFilter(), window, PromptOrder.NAME, actor=actor)
        bots = list_bots(session, actor=actor)
    return {
        **{f"{it.name}{LATEST}": it.name for it in found.items},
        **{f"{BOT}{it.id}": f"Bot: {it.bot_name}" for it in bots},
    }


def prompt_of(option: str) -> str | None:
    """Return the name of the prompt that an option is, or None."""
    return option.removesuffix(LATEST) if option.endswith(LATEST) else None


def bot_of(option: str) -> UUID | None:
    """Return the ID of the bot that an option is, or None."""
    return UUID(option.removeprefix(BOT)) if option.startswith(BOT) else None


def read_settings(option: str, version: int | None, model: ModelView | None) -> StoredSettings:
    """Return with what an option's version is called; raise NotFound."""
    with guard.work() as (session, actor):
        if (bot_id := bot_of(option)) is not None:
            content = _bot_content(session, bot_id, version, actor)
            return StoredSettings(None, instructions_of(content, model, actor=actor).parameters)
        prompt = get_named(session, prompt_of(option) or "", actor=actor)
        found = read_version(session, prompt.id, version)
        return StoredSettings(found.model_id, found.default_parameters)


def read_text(option: str, version: int | None, values: dict[str, Any]) -> str:
    """Return the system prompt of an option's version; raise what rendering a prompt raises."""
    with guard.work() as (session, actor):
        if (bot_id := bot_of(option)) is not None:
            content = _bot_content(session, bot_id, version, actor)
            return instructions_of(content, None, actor=actor).system_prompt
        request = RenderRequest(version=version, variables=values)
        name = prompt_of(option) or ""
        return render_system_prompt(session, name, request, actor=actor).system_prompt or ""


def draw_values(option: str, version: int | None, key: Callable[[str], str]) -> None:
    """Draw fields for the variables of a prompt's version; `key` names a field by its variable.

    Raises NotFound, or Invalid for an entered value.
    """
    for variable in _variables(option, version):
        value_fields.draw(variable, key(variable.name))


def read_values(option: str, version: int | None, key: Callable[[str], str]) -> dict[str, Any]:
    """Return the entered values; raise what drawing their fields raises."""
    values = {
        each.name: value_fields.read(each, key(each.name)) for each in _variables(option, version)
    }
    return {name: value for name, value in values.items() if value is not None}


def _variables(option: str, version: int | None) -> list[PromptVariable]:
    name = prompt_of(option)
    if name is None:
        return []
    with guard.work() as (session, actor):
        prompt = get_named(session, name, actor=actor)
        found = read_version(session, prompt.id, version)
        return list_system_variables(session, found, actor=actor)


def _bot_content(session: Session, bot_id: UUID, version: int | None, actor: Actor) -> BotContent:
    bot = get_bot(session, bot_id, actor=actor)
    return get_version_content(session, bot_id, version or bot.version)
