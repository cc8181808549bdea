"""What a bot tells a model: the system prompt of its content, and the parameters that the model
takes.
"""

from dataclasses import dataclass

from core.bots.knowledge.items import KnowledgeItem, items_of
from core.bots.personality.parameters import overridden, parameters_of
from core.bots.personality.system_prompt import system_prompt
from core.bots.queries import bots
from core.bots.schemas import BotContent
from core.database.db import Database, read_session
from core.identity.schemas import Actor
from core.providers.schemas import ModelView, ParameterName, Parameters


@dataclass(frozen=True)
class BotInstructions:
    """What is sent with each message; `left_out` names parameters that the model doesn't take."""

    system_prompt: str
    parameters: Parameters
    items: list[KnowledgeItem]
    left_out: list[str]


def instructions_of(
    content: BotContent, model: ModelView | None, *, actor: Actor
) -> BotInstructions:
    """Return a bot's instructions for a model, or for a service, which takes no parameters.
    Parameters that the model doesn't take are left out, unless they were set by hand.
    """
    with read_session(Database.AI) as ai:
        documents = bots.read_documents(ai, content.knowledge.documents, actor=actor)
    items = items_of(content.knowledge, documents)
    parameters, left_out = _parameters(content, model) if model else (Parameters(), [])
    return BotInstructions(system_prompt(content, items), parameters, items, left_out)


def _parameters(content: BotContent, model: ModelView) -> tuple[Parameters, list[str]]:
    by_hand = overridden(content)
    values = parameters_of(content).model_dump()
    left_out = [
        name
        for name in values
        if name not in by_hand and ParameterName(name) not in model.capabilities.parameters
    ]
    kept = {name: value for name, value in values.items() if name not in left_out}
    return Parameters.model_validate(kept), left_out
