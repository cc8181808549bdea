"""One version in section Versions: its chain, and what follows from it."""

from collections.abc import Sequence

import streamlit as st

from core.identity.schemas import Actor
from core.insights.chains.chain_views import ChainKind
from core.prompts.template.syntax import DEFAULT_LABEL
from core.prompts.views import PromptVersionView, PromptView
from pages._ui import errors, frame, links, sections, state
from pages._ui.versions import chain_line
from pages.test.prompts import address
from pages.test.prompts.edit.editor import PromptEditor
from pages.test.prompts.labels import label_move


@errors.part("Version")
def draw(prompt: PromptView, versions: Sequence[PromptVersionView], actor: Actor) -> None:
    by_number = {version.number: version for version in versions}
    key = address.version_key(prompt.id)
    if state.get(key, None) not in by_number:
        state.put(key, prompt.version)
    frame.section("Chain", "from the annotation that a version fixes to its effect in production")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        number = st.selectbox("Version", list(by_number), key=key, width=140)
        version = by_number[number or prompt.version]
        _draw_actions(prompt, version, actor)
    chain_line.draw(ChainKind.VERSION, version.id)


def _draw_actions(prompt: PromptView, version: PromptVersionView, actor: Actor) -> None:
    if prompt.may_edit:
        st.button(
            "Edit from this version",
            icon=":material/edit_note:",
            on_click=edit_from,
            args=(prompt, version),
        )
    st.button(
        "Evaluate",
        icon=":material/fact_check:",
        on_click=links.go,
        args=("evaluations",),
        kwargs={"new": "1", "template": str(prompt.id), "version": str(version.number)},
    )
    if prompt.may_edit:
        st.button(
            "Promote",
            icon=":material/new_label:",
            on_click=label_move.open_move,
            args=(prompt, DEFAULT_LABEL, actor),
            kwargs={"version": version.number},
        )


def edit_from(prompt: PromptView, version: PromptVersionView) -> None:
    """Load a version into the editor, from a callback."""
    PromptEditor(prompt).load(version)
    sections.show("Edit")
