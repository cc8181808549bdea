"""The columns of a new comparison, and the earlier comparisons."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NamedTuple
from uuid import UUID

import streamlit as st

from core.comparisons import queries
from core.comparisons.schemas import MOST_COLUMNS, ComparisonSummary, NewColumn
from core.database.paging import LARGEST_PAGE, Window
from core.errors import NotFound
from core.playground.schemas import MAX_PROMPT_CHARS, Draft
from core.presentation import formatting
from core.prompts.queries.prompts import get_prompt, list_prompts
from core.prompts.queries.versions import get_version
from core.prompts.schemas import PromptFilter
from core.providers import catalogue
from core.providers.schemas import ModelView
from core.services.queries import find_active
from core.services.schemas import ServiceView
from pages._ui import errors, frame, guard, state, text
from pages.test.playground.comparison.column_editor import ColumnEditor

DEFAULT, CUSTOM = "Default prompt", "Custom prompt"
LETTERS = "ABCD"


class Answering(NamedTuple):
    """What can answer: the active service, and the models that can be called."""

    service: ServiceView | None
    models: list[ModelView]


def draw(*, on_open: Callable[[UUID], None]) -> None:
    """Draw the choices of each column; `on_open` opens an earlier comparison."""
    answering = _read()
    with guard.work() as (session, actor):
        found = list_prompts(session, PromptFilter(), Window(limit=LARGEST_PAGE), actor=actor)
        earlier = queries.list_comparisons(session, owner=actor.id)
    if not any(answering):
        body = "The local model is off or starting, and no provider has an API key."
        frame.empty_state("smart_toy", "No models available", body)
        return
    _draw_choices(answering, [it.name for it in found.items])
    if earlier:
        _draw_earlier(earlier, on_open)


def _read() -> Answering:
    with guard.work() as (session, _):
        return Answering(find_active(session), catalogue.list_models(session))


def _draw_choices(answering: Answering, prompts: list[str]) -> None:
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
    places = st.columns(_count(), gap="medium")
    for number, place in enumerate(places):
        with place.container(border=True, key=f"column-choices-{number}"):
            editor = _editor(number, answering)
            editor.draw_model()
            _draw_prompt(number, prompts)
            editor.draw_parameters()


def _editor(number: int, answering: Answering) -> ColumnEditor:
    return ColumnEditor(number, LETTERS[number], answering.service, answering.models)


def _draw_prompt(number: int, prompts: list[str]) -> None:
    letter = LETTERS[number]
    choices = [DEFAULT, CUSTOM, *(f"{name}@latest" for name in prompts)]
    use = partial(_use_version, number)
    st.selectbox(f"Prompt {letter}", choices, key=_key("prompt", number), on_change=use)
    if state.get(_key("prompt", number), DEFAULT) == CUSTOM:
        st.text_area(
            f"System prompt {letter}",
            key=_key("custom", number),
            height=120,
            max_chars=MAX_PROMPT_CHARS,
        )
    elif "@" in state.get(_key("prompt", number), DEFAULT):
        st.number_input(
            f"Version {letter}",
            key=_key("version", number),
            min_value=1,
            value=None,
            placeholder="Newest",
            on_change=use,
        )


def _use_version(number: int) -> None:
    """Set a column's model and parameters to those of its prompt's version, from a callback."""
    name, version_number = _chosen_prompt(number)
    if name is None:
        return
    with suppress(NotFound):  # sending says what is missing
        with guard.work() as (session, actor):
            prompt = get_prompt(session, name, actor=actor)
            version = get_version(session, prompt.id, version_number, actor=actor)
        _editor(number, _read()).use(version.model_id, version.default_parameters)


def _draw_earlier(earlier: list[ComparisonSummary], on_open: Callable[[UUID], None]) -> None:
    frame.section("Earlier comparisons")
    with st.container(key="list-comparisons", gap=None):
        for summary in earlier:
            st.button(
                _label(summary),
                key=f"comparison-{summary.id}",
                width="stretch",
                type="tertiary",
                on_click=errors.action(on_open),
                args=(summary.id,),
            )


def _label(summary: ComparisonSummary) -> str:
    facts = [text.ago(summary.created_at), formatting.count(summary.turns, "turn")]
    if summary.blind:
        facts.append("blind")
    name = text.plain(summary.name or "No messages")
    return f"{name}  \n:gray[:small[{' · '.join(facts)}]]"


def columns() -> tuple[NewColumn, ...]:
    """Return the chosen columns."""
    answering = _read()
    return tuple(_column(number, _editor(number, answering).draft()) for number in range(_count()))


def _column(number: int, draft: Draft) -> NewColumn:
    name, version = _chosen_prompt(number)
    is_custom = state.get(_key("prompt", number), DEFAULT) == CUSTOM
    return NewColumn(
        model=draft.model,
        parameters=draft.parameters,
        cost_limit_usd=draft.cost_limit_usd,
        prompt=name,
        prompt_version=version,
        custom_prompt=state.get(_key("custom", number), "") if is_custom else None,
    )


def _chosen_prompt(number: int) -> tuple[str | None, int | None]:
    """Return the name and the version of a column's prompt; None for no name, and the newest."""
    prompt = state.get(_key("prompt", number), DEFAULT)
    if "@" not in prompt:
        return None, None
    return prompt.removesuffix("@latest"), state.get(_key("version", number), 0) or None


def is_blind() -> bool:
    return state.get(_key("blind"), False)


def _count() -> int:
    return state.get(_key("count"), 2)


def _key(name: str, number: int | None = None) -> str:
    return f"comparison.{name}" + ("" if number is None else f".{number}")
