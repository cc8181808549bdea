"""The proposal of a model that improves a prompt: its changes, and what becomes of them."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from core.improvements.schemas import Improvement, ImprovementProposal
from core.presentation import formatting
from pages._ui import diff, errors, frame, state, text
from pages.test.prompts import guidance_section
from pages.test.prompts.edit import fixes
from pages.test.prompts.edit.editor import PromptEditor

OnSave = Callable[[PromptEditor], None]


def draw(editor: PromptEditor, on_save: OnSave) -> None:
    """Draw the proposal, once there is one; `on_save` saves what the editor holds."""
    proposal: ImprovementProposal | None = state.get(editor.key("proposal"), None)
    improvement: Improvement | None = state.get(editor.key("improvement"), None)
    if proposal is None or improvement is None:
        return
    with st.container(key="prompt-proposal"):
        cost = proposal.cost_usd
        frame.section(
            "Proposal", "" if cost is None else text.plain(f"cost {formatting.money(cost)}")
        )
        st.markdown(text.plain(proposal.why))
        texts = _texts(improvement, proposal)
        diff.draw_all(texts, "The model proposes no changes.", long_px=300)
        if all(old == new for _, old, new in texts):
            return
        _draw_addressed(editor, improvement, proposal)
        if proposal.findings:
            st.caption("Checks of the proposed text:")
        for finding in proposal.findings:
            guidance_section.draw_finding(editor, finding)
        _draw_buttons(editor, proposal, on_save)


def _texts(improvement: Improvement, proposal: ImprovementProposal) -> list[tuple[str, str, str]]:
    """Return the titles of the prompt's texts, each as it is and as it is proposed."""
    old = improvement.content
    return [
        ("System prompt", old.system_prompt or "", proposal.system_prompt or ""),
        ("Prompt", old.prompt, proposal.prompt),
    ]


def _draw_addressed(
    editor: PromptEditor, improvement: Improvement, proposal: ImprovementProposal
) -> None:
    titles = {each.id: fixes.title(each) for each in improvement.annotations.values()}
    if proposal.addressed:
        st.caption("Annotations that it addresses, by the model's own account:")
    for id_ in proposal.addressed:
        st.checkbox(text.plain(titles[id_]), True, key=_box(editor, id_))


def _draw_buttons(editor: PromptEditor, proposal: ImprovementProposal, on_save: OnSave) -> None:
    with st.container(horizontal=True):
        is_saved = st.button(
            f"Save proposal as version {editor.prompt.version + 1}",
            type="primary",
            key=editor.key("improve-save"),
            on_click=_save,
            args=(editor, proposal, on_save),
        )
        is_used = st.button(
            "Use in editor",
            key=editor.key("improve-use"),
            on_click=_use,
            args=(editor, proposal),
            help="Change the text further before you save it.",
        )
    if is_saved or is_used:
        st.rerun()


@errors.action
def _save(editor: PromptEditor, proposal: ImprovementProposal, on_save: OnSave) -> None:
    _use(editor, proposal)
    on_save(editor)


def _use(editor: PromptEditor, proposal: ImprovementProposal) -> None:
    """Put the texts and the chosen annotations into the editor, from a callback."""
    chosen = [id_ for id_ in proposal.addressed if state.get(_box(editor, id_), True)]
    state.put(editor.key("system"), proposal.system_prompt or "")
    state.put(editor.key("prompt"), proposal.prompt)
    state.put(editor.key("fixes"), chosen)
    if not state.get(editor.key("note"), ""):
        # As long as the note of a version may be
        state.put(editor.key("note"), proposal.why[:1000])


def _box(editor: PromptEditor, annotation_id: UUID) -> str:
    return editor.key("addressed", str(annotation_id))
