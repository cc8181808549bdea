"""One prompt: its head, and its sections."""

from collections.abc import Callable
from functools import partial
from typing import Literal
from uuid import UUID

import streamlit as st

from core.identity.schemas import Actor
from core.presentation import formatting
from core.prompts.errors import PromptMissing
from core.prompts.queries import prompts as queries
from core.prompts.schemas import PromptRating, Visibility
from core.prompts.service import sharing
from core.prompts.views import PromptView
from core.system import workspace
from pages._ui import errors, frame, guard, sections, state, text
from pages._ui.versions import version_trend
from pages.test.prompts import address, sharing_section, version_section
from pages.test.prompts.edit import edit_section
from pages.test.prompts.edit.editor import refill
from pages.test.prompts.labels import label_section

SECTIONS: dict[str, Callable[[PromptView, Actor], None]] = {
    "Edit": edit_section.draw,
    address.VERSIONS: version_section.draw,
    "Evaluations": lambda prompt, _: version_trend.draw_section(
        prompt.version, prompt_id=prompt.id
    ),
    "Labels": label_section.draw,
    "Details and sharing": sharing_section.draw,
}
COLOURS: dict[Visibility, Literal["gray", "blue", "green"]] = {
    Visibility.PRIVATE: "gray",
    Visibility.SHARED: "blue",
    Visibility.PUBLIC: "green",
}


def draw(actor: Actor) -> None:
    """Draw the prompt that the address names."""
    frame.back("All prompts", address.close, "prompts.back")
    try:
        with guard.work() as (session, _):
            prompt = queries.get_prompt(session, st.query_params[address.OPEN], actor=actor)
    except PromptMissing:
        st.title("Prompts", anchor=False)
        note = "It was deleted, or is not shared with you."
        frame.empty_state("edit_note", "Prompt not found", note)
        return
    address.take_over(prompt.id)
    _draw_head(prompt)
    section = sections.choose(SECTIONS, address.SECTION, on_change=partial(refill, prompt.id))
    SECTIONS[section](prompt, actor)


def _draw_head(prompt: PromptView) -> None:
    row = st.container(
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="bottom",
        gap="medium",
    )
    with row.container(gap=None, width="content"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.title(text.plain(prompt.name), anchor=False, width="content")
            st.badge(prompt.visibility.capitalize(), color=COLOURS[prompt.visibility])
            for label in prompt.labels:
                st.badge(f"{label.name} · {label.version}", color="blue")
        st.caption(text.plain(_facts(prompt)))
    with row.container(width="content", gap=None, horizontal_alignment="right"):
        _draw_rating(prompt)


def _draw_rating(prompt: PromptView) -> None:
    key = f"prompts.rating.{prompt.id}"
    # As stored: a rating may have been refused, or given in another tab
    state.put(key, prompt.own_rating - 1 if prompt.own_rating else None)
    st.feedback("stars", key=key, on_change=rate, args=(prompt.id,))
    mean = f"{prompt.rating:.1f} of 5 · " if prompt.rating is not None else ""
    st.caption(f"{mean}{formatting.count(prompt.rating_count, 'rating')}")


def _facts(prompt: PromptView) -> str:
    facts = [
        prompt.category,
        f"version {prompt.version}",
        prompt.owner_name or "Workspace",
        formatting.count(prompt.usage_count, "execution"),
        f"updated {formatting.moment(prompt.updated_at, workspace.zone())}",
    ]
    return " · ".join(fact for fact in facts if fact)


@errors.action
def rate(prompt_id: UUID) -> None:
    stars: int | None = state.get(f"prompts.rating.{prompt_id}", None)
    if stars is None:
        return
    with guard.work() as (session, actor):
        sharing.rate_prompt(session, prompt_id, PromptRating(rating=stars + 1), actor=actor)
