"""What a link to the form of a new evaluation fills in: a dataset, a version of a prompt or bot."""

from uuid import UUID

import streamlit as st

from core.bots.queries.bots import get_bot
from core.database.db import Session
from core.datasets.errors import DatasetMissing
from core.datasets.queries.datasets import get_dataset
from core.errors import NotFound
from core.identity.schemas import Actor
from core.prompts.queries.prompts import get_named
from core.prompts.queries.versions import read_version
from pages._ui import guard, state
from pages.test.evaluations import address
from pages.test.evaluations.form import case_fields, target_choices, target_fields

DONE = "evaluations.new.prefilled"


def is_due() -> bool:
    """Whether the address has not been taken over yet; from then on it is."""
    given = st.query_params.to_dict()
    # Once for each address: what the reader then changes stays
    if state.get(DONE, dict[str, str]()) == given:
        return False
    state.put(DONE, given)
    return True


def fill(name_key: str) -> None:
    """Fill the form from the address; what is gone, or the reader can't see, is left out."""
    given, names = st.query_params.to_dict(), list[str]()
    with guard.work() as (session, actor):
        for fill_in in (_dataset, _prompt, _bot):
            try:
                names += fill_in(session, given, actor)
            except (NotFound, ValueError):
                continue
    if names:
        state.put(name_key, " on ".join(reversed(names)))


def _dataset(session: Session, given: dict[str, str], actor: Actor) -> list[str]:
    if address.DATASET not in given:
        return []
    dataset = get_dataset(session, UUID(given[address.DATASET]), actor=actor)
    if not dataset.cases:
        raise DatasetMissing
    state.put(case_fields.DATASET, str(dataset.id))
    return [dataset.name]


def _prompt(session: Session, given: dict[str, str], actor: Actor) -> list[str]:
    if address.TEMPLATE not in given:
        return []
    prompt = get_named(session, UUID(given[address.TEMPLATE]), actor=actor)
    version = read_version(session, prompt.id, given.get(address.VERSION))
    target_fields.choose(str(prompt.id), version.number, version.model_id)
    return [f"{prompt.name}@{version.number}"]


def _bot(session: Session, given: dict[str, str], actor: Actor) -> list[str]:
    if address.BOT not in given:
        return []
    bot = get_bot(session, UUID(given[address.BOT]), actor=actor)
    target_fields.choose(f"{target_choices.BOT}:{bot.id}", bot.version, None)
    return [f"{bot.bot_name} v{bot.version}"]
