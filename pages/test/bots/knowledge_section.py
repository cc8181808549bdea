"""Section Knowledge: what a bot knows of its company, and documents."""

from collections.abc import Callable, Iterable
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core.bots.knowledge.sample_company import SAMPLE_COMPANY
from core.bots.queries import bots as queries
from core.bots.schemas import BotChange, BotKnowledge, BotView, QuestionAnswer
from core.bots.service import bots
from core.errors import Invalid
from core.presentation import formatting
from pages._ui import errors, frame, guard, state

LISTS = {"products": "Products", "services": "Services", "policies": "Policies"}
FIELDS = ("company", "industry", *LISTS, "questions", "documents")


def draw(bot: BotView) -> None:
    _load(bot, bot.knowledge, state.seed)
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
    st.text_area("Company", key=_key(bot.id, "company"), height=80, max_chars=2000)
    st.text_input("Industry", key=_key(bot.id, "industry"), max_chars=200)
    for name, label in LISTS.items():
        st.text_area(label, key=_key(bot.id, name), height=110, help="One per line.")
    st.text_area(
        "Questions and answers",
        key=_key(bot.id, "questions"),
        height=140,
        help="A question on one line, its answer on the next, then an empty line.",
    )
    # Also those unpublished since: Streamlit takes no value that is not offered
    known = [*titles, *(id_ for id_ in bot.knowledge.documents if id_ not in titles)]
    st.multiselect(
        "Documents",
        known,
        format_func=lambda id_: titles.get(id_, str(id_)),
        key=_key(bot.id, "documents"),
        placeholder="Published documents of Knowledge",
        max_selections=20,
    )


def use_sample(bot: BotView) -> None:
    """Fill in the sample company, in other fields: of those before, a press at once sends what they
    held.
    """
    state.put(_fills(bot.id), state.get(_fills(bot.id), 0) + 1)
    _load(bot, SAMPLE_COMPANY, state.put)


def _fills(bot_id: UUID) -> str:
    return f"bots.knowledge_fills.{bot_id}"


def _key(bot_id: UUID, name: str) -> str:
    return f"bots.knowledge.{bot_id}.{name}.{state.get(_fills(bot_id), 0)}"


def _load(bot: BotView, knowledge: BotKnowledge, put: Callable[[str, object], None]) -> None:
    """Fill the widgets."""
    put(_key(bot.id, "company"), knowledge.company)
    put(_key(bot.id, "industry"), knowledge.industry)
    for name in LISTS:
        put(_key(bot.id, name), "\n".join(getattr(knowledge, name)))
    put(_key(bot.id, "questions"), _shown(knowledge.questions))
    put(_key(bot.id, "documents"), list(knowledge.documents))


@errors.action
def save(bot: BotView) -> None:
    """Save the knowledge as part of the draft."""
    entered = {name: state.get(_key(bot.id, name), "") for name in FIELDS}
    lists = {name: _facts(entered[name], getattr(bot.knowledge, name)) for name in LISTS}
    documents: list[UUID] = state.get(_key(bot.id, "documents"), [])
    try:
        knowledge = BotKnowledge(
            company=entered["company"],
            industry=entered["industry"],
            **lists,
            questions=_questions(entered["questions"], bot.knowledge.questions),
            documents=tuple(documents),
        )
    except ValidationError:
        raise Invalid("A list has at most 100 lines of 2,000 characters each.") from None
    with guard.work() as (session, actor):
        bots.change_bot(session, bot.id, BotChange(knowledge=knowledge), actor=actor)
    # So that the next run shows what was saved, without spaces and empty lines
    state.forget(*(_key(bot.id, name) for name in FIELDS))
    count = len(knowledge.questions) + sum(len(each) for each in lists.values())
    state.toast(f"Knowledge saved with {formatting.count(count, 'fact')}")


# The API takes facts with line ends, which the fields cannot tell from several facts: what was not
# edited stays as it is stored
def _facts(entered: str, stored: tuple[str, ...]) -> tuple[str, ...]:
    return stored if entered == "\n".join(stored) else _lines(entered.split("\n"))


def _questions(entered: str, stored: tuple[QuestionAnswer, ...]) -> tuple[QuestionAnswer, ...]:
    return stored if entered == _shown(stored) else _pairs(entered)


def _shown(questions: Iterable[QuestionAnswer]) -> str:
    return "\n\n".join(f"{each.question}\n{each.answer}" for each in questions)


def _lines(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(line.strip() for line in lines if line.strip())


def _pairs(entered: str) -> tuple[QuestionAnswer, ...]:
    """Return the questions with their answers; raise Invalid for one without an answer."""
    pairs = []
    for block in entered.replace("\r", "").split("\n\n"):
        lines = _lines(block.split("\n"))
        if not lines:
            continue
        if len(lines) == 1:
            raise Invalid(f"“{formatting.shortened(lines[0], 60)}” has no answer below it.")
        pairs.append(QuestionAnswer(question=lines[0], answer=" ".join(lines[1:])))
    return tuple(pairs)
