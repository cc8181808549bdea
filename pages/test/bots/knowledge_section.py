"""Section Knowledge: what a bot knows of its company, and documents."""

from typing import Any
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core.bots.knowledge.sample_company import SAMPLE_COMPANY
from core.bots.queries import bots as queries
from core.bots.schemas import BotChange, BotKnowledge, BotView
from core.bots.service import bots
from core.errors import Invalid
from core.presentation import formatting
from pages._ui import errors, frame, guard, state
from pages.test.bots import knowledge_texts

LISTS = {"products": "Products", "services": "Services", "policies": "Policies"}
FIELDS = ("company", "industry", *LISTS, "questions", "documents")


def draw(bot: BotView) -> None:
    if state.get(_filled(bot.id), None) != bot.knowledge:  # also after a version was restored
        _load(bot, bot.knowledge)
        state.put(_filled(bot.id), bot.knowledge)
    with guard.work_on_both() as (_, ai, actor):
        titles = queries.list_published_titles(ai, actor=actor)
    with frame.section_row("Knowledge", "saved with the button below", width=760):
        st.button(
            "Use sample company",
            icon=":material/auto_awesome:",
            type="tertiary",
            disabled=not bot.is_own,
            on_click=use_sample,
            args=(bot,),
        )
    with st.container(width=760):
        _draw_fields(bot, titles)
        st.button(
            "Save knowledge",
            type="primary",
            disabled=not bot.is_own,
            on_click=save,
            args=(bot,),
        )


def _draw_fields(bot: BotView, titles: dict[UUID, str]) -> None:
    st.text_area("Company", height=80, max_chars=2000, **_kept(bot.id, "company"))
    st.text_input("Industry", max_chars=200, **_kept(bot.id, "industry"))
    for name, label in LISTS.items():
        st.text_area(label, height=110, help="One per line.", **_kept(bot.id, name))
    st.text_area(
        "Questions and answers",
        height=140,
        help="A question on one line, its answer on the next, then an empty line.",
        **_kept(bot.id, "questions"),
    )
    # Also those unpublished since: Streamlit takes no value that is not offered
    chosen: list[UUID] = state.get(_key(bot.id, "documents"), [])
    known = list(dict.fromkeys((*titles, *bot.knowledge.documents, *chosen)))
    st.multiselect(
        "Documents",
        known,
        format_func=lambda id_: titles.get(id_, str(id_)),
        placeholder="Published documents of Knowledge",
        max_selections=20,
        **_kept(bot.id, "documents"),
    )


def use_sample(bot: BotView) -> None:
    """Fill in the sample company, in other fields: of those before, a press at once sends what they
    held.
    """
    state.put(_fills(bot.id), state.get(_fills(bot.id), 0) + 1)
    _load(bot, SAMPLE_COMPANY)


def _fills(bot_id: UUID) -> str:
    return f"bots.knowledge_fills.{bot_id}"


def _key(bot_id: UUID, name: str) -> str:
    return f"bots.knowledge.{bot_id}.{name}.{state.get(_fills(bot_id), 0)}"


def _kept(bot_id: UUID, name: str) -> dict[str, Any]:
    """Return a field's key; its value is kept while other sections are open."""
    return {"key": _key(bot_id, name), "persist_state": "session"}


def _filled(bot_id: UUID) -> str:
    """Return the key of the knowledge that the fields were filled with."""
    return f"bots.knowledge_filled.{bot_id}"


def _load(bot: BotView, knowledge: BotKnowledge) -> None:
    """Fill the widgets."""
    state.put(_key(bot.id, "company"), knowledge.company)
    state.put(_key(bot.id, "industry"), knowledge.industry)
    for name in LISTS:
        state.put(_key(bot.id, name), "\n".join(getattr(knowledge, name)))
    state.put(_key(bot.id, "questions"), knowledge_texts.shown(knowledge.questions))
    state.put(_key(bot.id, "documents"), list(knowledge.documents))


@errors.action
def save(bot: BotView) -> None:
    """Save the knowledge as part of the draft."""
    entered = {name: state.get(_key(bot.id, name), "") for name in FIELDS}
    lists = {
        name: knowledge_texts.facts(entered[name], getattr(bot.knowledge, name)) for name in LISTS
    }
    documents: list[UUID] = state.get(_key(bot.id, "documents"), [])
    try:
        knowledge = BotKnowledge(
            company=entered["company"],
            industry=entered["industry"],
            **lists,
            questions=knowledge_texts.questions(entered["questions"], bot.knowledge.questions),
            documents=tuple(documents),
        )
    except ValidationError:
        raise Invalid("A list has at most 100 lines of 2,000 characters each.") from None
    with guard.work() as (session, actor):
        bots.change_bot(session, bot.id, BotChange(knowledge=knowledge), actor=actor)
    # So that the next run shows what was saved, without spaces and empty lines
    state.forget(_filled(bot.id))
    count = len(knowledge.questions) + sum(len(each) for each in lists.values())
    state.toast(f"Knowledge saved with {formatting.count(count, 'fact')}")
