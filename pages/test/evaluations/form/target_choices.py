"""What a target can be: the models, prompts, bots and the active service."""

from dataclasses import dataclass
from uuid import UUID

from core.bots.queries.bots import list_bots
from core.database import settings
from core.database.paging import Window
from core.prompts.queries.prompts import list_prompts
from core.prompts.schemas import PromptFilter, PromptOrder
from core.providers.catalogue import list_models
from core.services.queries import find_active
from pages._ui import guard

SERVICE, BOT = "service", "bot"
MOST_PROMPTS = 200


@dataclass(frozen=True)
class TargetChoices:
    """The models, prompts, bots and service that a target can be; prompts and bots by ID with their
    names and newest versions.
    """

    models: list[str]
    prompts: dict[str, tuple[str, int]]
    service: tuple[UUID, str] | None


def read() -> TargetChoices:
    with guard.work() as (session, actor):
        prompts = list_prompts(
            session, PromptFilter(), Window(MOST_PROMPTS, 0), PromptOrder.NAME, actor=actor
        )
        service = find_active(session)
        models = [model.id for model in list_models(session)]
        default = settings.read(session, settings.Workspace).default_model
        return TargetChoices(
            sorted(models, key=lambda each: each != default),
            {
                **{str(prompt.id): (prompt.name, prompt.version) for prompt in prompts.items},
                **{
                    f"{BOT}:{bot.id}": (f"Bot: {bot.bot_name}", bot.version)
                    for bot in list_bots(session, actor=actor)
                },
            },
            (service.id, service.name) if service else None,
        )
