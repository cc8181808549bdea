"""Section Edit: texts, variables and parameters of the next version, and its preview."""

from contextlib import suppress

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import Failure
from core.identity.schemas import Actor
from core.presentation import formatting
from core.prompts.errors import PromptChanged
from core.prompts.schemas import MAX_PROMPT_CHARS, PromptChange
from core.prompts.service import prompts
from core.prompts.views import PromptView
from core.providers import catalogue
from pages._ui import errors, frame, guard, state
from pages.test.prompts import guidance_section, improve_dialog
from pages.test.prompts.edit import default_parameters, fixes, preview, variable_fields
from pages.test.prompts.edit.editor import CHAT, NO_MODEL, TEXT, PromptEditor, text_keys

SYNTAX = (
    "`{{name}}` is a variable, `{{> other prompt@label}}` includes another prompt, "
    "`{{history}}` is where earlier messages go, and `\\{{` is a literal `{{`."
)


def draw(prompt: PromptView, _actor: Actor) -> None:
    editor = PromptEditor(prompt)
    left, right = st.columns([1.55, 1], gap="medium")
    with state.keeping(*text_keys(prompt.id)):
        _draw_columns(editor, left, right)


def _draw_columns(editor: PromptEditor, left: DeltaGenerator, right: DeltaGenerator) -> None:
    with left:
        _draw_texts(editor)
        variable_fields.draw(editor)
        _draw_defaults(editor)
    with right:
        # Beside the button that it is about: the top is out of a phone's sight
        _draw_newer(editor)
        _draw_save(editor)
        preview.draw(editor)
        guidance_section.draw(editor)
        if editor.prompt.may_edit:
            improve_dialog.draw_button(editor, on_save=_save)


def _draw_newer(editor: PromptEditor) -> None:
    if editor.base == editor.prompt.version:
        return
    st.warning(
        f"Version {editor.prompt.version} was saved in the meantime. Your text is based on "
        f"version {editor.base}.",
        icon=":material/sync_problem:",
    )
    with st.container(horizontal=True):
        st.button("Load newest version", on_click=editor.load, args=(editor.prompt,))
        st.button("Keep my text", on_click=editor.rebase)


def _draw_texts(editor: PromptEditor) -> None:
    st.segmented_control(
        "Form",
        [TEXT, CHAT],
        required=True,
        key=editor.key("form"),
        persist_state="session",
        help="A chat has a system prompt; a text is sent as one message.",
    )
    if editor.is_chat:
        st.text_area(
            "System prompt",
            key=editor.key("system"),
            persist_state="session",
            height=200,
            max_chars=MAX_PROMPT_CHARS,
        )
    st.text_area(
        "User text" if editor.is_chat else "Prompt",
        key=editor.key("prompt"),
        persist_state="session",
        height=140 if editor.is_chat else 300,
        max_chars=MAX_PROMPT_CHARS,
        placeholder="Leave empty to use the system prompt alone" if editor.is_chat else None,
        help=SYNTAX,
    )


def _draw_defaults(editor: PromptEditor) -> None:
    with guard.work() as (session, _):
        models = {model.id: model for model in catalogue.list_models(session)}
    chosen = state.get(editor.key("model"), NO_MODEL)
    options = list(dict.fromkeys([NO_MODEL, *models, chosen]))
    frame.section("Model and parameters", "used unless a call names others")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox("Model", options, key=editor.key("model"), persist_state="session", width=300)
        default_parameters.draw(models.get(chosen), editor.key)


def _draw_save(editor: PromptEditor) -> None:
    if not editor.prompt.may_edit:
        st.caption("You can read this prompt. Only its owner and editors can save versions of it.")
        return
    with st.container(border=True, key="prompt-save"):
        place = st.container()
        st.text_input(
            "Note",
            key=editor.key("note"),
            persist_state="session",
            max_chars=1000,
            placeholder="What changed, and why",
        )
        fixes.choose(editor)
        is_saved = st.button(
            f"Save as version {editor.prompt.version + 1}",
            type="primary",
            key=editor.key("save"),
            width="stretch",
        )
    if is_saved:
        with errors.InForm(place):
            with suppress(PromptChanged):  # the next run says so
                _save(editor)
            st.rerun()


def _save(editor: PromptEditor) -> None:
    content = editor.content()
    change = PromptChange(
        **{name: getattr(content, name) for name in type(content).model_fields},
        note=state.get(editor.key("note"), ""),
        base_version=editor.base,
    )
    with guard.work() as (session, actor):
        saved = prompts.change_prompt(session, editor.prompt.id, change, actor=actor)
    # So that the next run loads the version that was saved
    state.forget(editor.key("base"))
    try:
        # Annotations are in the other database: the version stays saved when this fails.
        fixed = fixes.mark(editor, saved.version)
    except Failure as failure:
        state.problem(
            f"Version {saved.version} is saved, but its annotations are not marked applied. "
            f"{failure.detail} Mark them under Tuning, or with the next version."
        )
        return
    also = f", {formatting.count(fixed, 'annotation')} marked applied" if fixed else ""
    state.toast(f"Saved as version {saved.version}{also}")
