"""The columns of a new comparison."""

from contextlib import suppress
from functools import partial
from typing import NamedTuple

import streamlit as st

from core.comparisons.schemas import MOST_COLUMNS, NewColumn, NewComparison
from core.errors import NotFound
from core.providers import catalogue
from core.providers.schemas import ModelView
from core.services.queries import list_all
from core.services.schemas import ServiceView
from pages._ui import frame, guard, links, state
from pages.test.playground.comparison.column_editor import ColumnEditor, column_id
from pages.test.playground.comparison.prompt_choice import PromptChoice
from pages.test.playground.settings import stored_prompts

LETTERS = "ABCD"
REMEMBERED = "comparison.remembered"


class Answering(NamedTuple):
    """What can answer: services, the active one first, and the models that can be called."""

    services: list[ServiceView]
    models: list[ModelView]


def draw() -> None:
    """Draw the choices of each column."""
    if state.get(_key("count"), 0):
        state.remember(REMEMBERED, _is_choice)
    else:  # back from a comparison or another page
        state.recall(REMEMBERED)
    answering = _read()
    if not any(answering):
        frame.no_models()
        return
    _draw_choices(answering)


def _is_choice(key: str) -> bool:
    columns = tuple(f".{letter}" for letter in LETTERS)
    fields = tuple(f".{column_id(letter)}" for letter in LETTERS)
    return (
        key in (_key("count"), _key("blind"))
        or (key.startswith("comparison.") and key.endswith(columns))
        or (key.startswith("playground.") and key.endswith(fields))
    )


def _read() -> Answering:
    with guard.work() as (session, _):
        return Answering(list_all(session), catalogue.list_models(session))


def _draw_choices(answering: Answering) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        state.seed(_key("count"), 2)
        st.segmented_control(
            "Columns", range(1, MOST_COLUMNS + 1), key=_key("count"), required=True
        )
        st.toggle(
            "Blind",
            key=_key("blind"),
            help="Hides names and shuffles the columns until the first vote.",
        )
    prompts = stored_prompts.read_options()
    places = st.columns(_count(), gap="medium")
    for number, place in enumerate(places):
        with place.container(border=True, key=f"column-choices-{number}"):
            editor = _editor(number, answering)
            editor.draw_model()
            PromptChoice(LETTERS[number]).draw(prompts, partial(_use_stored, number))
            editor.draw_parameters()
    if len(answering.services) + len(answering.models) == 1:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(
                "Only one model is available. To compare models, add another.", width="content"
            )
            links.draw_providers()


def _editor(number: int, answering: Answering) -> ColumnEditor:
    return ColumnEditor(number, LETTERS[number], answering.services, answering.models)


def _use_stored(number: int) -> None:
    """Set a column's model and parameters to those of its prompt or bot, from a callback."""
    stored = PromptChoice(LETTERS[number]).stored
    if stored is None:
        return
    editor = _editor(number, _read())
    with suppress(NotFound):  # sending says what is missing
        editor.use(*stored_prompts.read_settings(*stored, editor.model))


def new_comparison() -> NewComparison:
    """Return the comparison of the chosen columns, which are remembered; raise NotFound or Invalid
    for their prompts.
    """
    state.remember(REMEMBERED, _is_choice)
    answering = _read()
    columns = tuple(_column(number, answering) for number in range(_count()))
    return NewComparison(columns=columns, blind=state.get(_key("blind"), False))


def _column(number: int, answering: Answering) -> NewColumn:
    draft = _editor(number, answering).draft()
    return NewColumn(
        model=draft.model,
        service_id=draft.service_id,
        parameters=draft.parameters,
        cost_limit_usd=draft.cost_limit_usd,
        **PromptChoice(LETTERS[number]).fields(),
    )


def _count() -> int:
    return state.get(_key("count"), 2)


def _key(name: str) -> str:
    return f"comparison.{name}"
