"""The filters and the order of the list of prompts, which its address has."""

from collections.abc import Sequence

import streamlit as st

from core.prompts.schemas import PromptFilter, PromptOrder
from pages._ui.filters import filter_state, only_mine
from pages._ui.filters.filter_state import key_of, value_of

PAGE = "prompts"
NAMES = SEARCH, CATEGORY, TAG, SORT = "q", "category", "tag", "sort"


def take_over() -> tuple[PromptFilter, PromptOrder]:
    """Return the filters and the order of the address; an unknown order is the default."""
    filter_state.take_over(PAGE, NAMES, is_timed=False)
    filters = PromptFilter(
        q=value_of(PAGE, SEARCH).strip()[:200] or None,
        category=value_of(PAGE, CATEGORY) or None,
        tag=value_of(PAGE, TAG) or None,
        mine=only_mine.is_on(),
    )
    order = value_of(PAGE, SORT)
    return filters, PromptOrder(order) if order in set(PromptOrder) else PromptOrder.UPDATED


def draw(categories: Sequence[str], tags: Sequence[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input(
            "Search",
            key=key_of(PAGE, SEARCH),
            max_chars=200,
            placeholder="Name, text, tag or category",
            icon=":material/search:",
            width=300,
        )
        _draw_choice("Category", CATEGORY, categories, width=180)
        _draw_choice("Tag", TAG, tags, width=150)
        only_mine.draw(PAGE)
    filter_state.write_address(PAGE, NAMES)


def _draw_choice(label: str, name: str, found: Sequence[str], *, width: int) -> None:
    # With the value of the address, which no prompt may have any more
    choices = dict.fromkeys(["", *found, value_of(PAGE, name)])
    st.selectbox(
        label,
        list(choices),
        key=key_of(PAGE, name),
        format_func=lambda each: each or "All",
        width=width,
    )


def sort(order: str) -> None:
    """Set the order, from a callback; the default is not in the address."""
    filter_state.put(PAGE, **{SORT: order if order != PromptOrder.UPDATED else ""})
