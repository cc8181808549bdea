"""Dialogs that create a prompt: empty, from a starter, or from a file."""

import streamlit as st
from pydantic import ValidationError
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import Invalid
from core.presentation import formatting
from core.prompts import starters, yaml_files
from core.prompts.schemas import NewPrompt
from core.prompts.service import prompts, transfer
from pages._ui import dialogs, guard, state
from pages.test.prompts import address

NAME, START, FILE = "prompts.new.name", "prompts.new.start", "prompts.new.file"
EMPTY = {
    # `x` stands for the name, which the form asks for
    "Empty text prompt": NewPrompt(name="x", prompt="Write the prompt here."),
    "Empty chat prompt": NewPrompt(
        name="x", system_prompt="Write the system prompt here.", prompt="{{history}}\n{{question}}"
    ),
}
STARTERS = {starter.name.capitalize(): starter for starter in starters.STARTERS}
STARTS = EMPTY | STARTERS


def open_new() -> None:
    state.forget(NAME, START)

    @st.dialog("New prompt")
    def form() -> None:
        st.text_input(
            "Name", key=NAME, max_chars=128, placeholder="support", help="Programs call it by name."
        )
        start = st.selectbox("Start from", list(STARTS), key=START)
        if start in STARTERS:
            st.caption(STARTERS[start].description)
        dialogs.submit("Create prompt", create, key="prompts.new")

    form()


def create() -> None:
    start = STARTS[state.get(START, next(iter(STARTS)))]
    with guard.work() as (session, actor):
        new_prompt = start.model_copy(update={"name": checked_name(state.get(NAME, ""))})
        made = prompts.create_prompt(session, new_prompt, actor=actor)
    address.show(made.id)
    state.toast(f"{made.name} created")


def checked_name(name: str) -> str:
    """Return a name that a prompt may have; raise Invalid."""
    try:
        return NewPrompt(name=name).name
    except ValidationError:
        raise Invalid(
            "Enter a name of letters, digits, spaces, dots, dashes and underscores."
        ) from None


def open_import() -> None:
    state.forget(NAME)

    @st.dialog("Import prompt")
    def form() -> None:
        st.file_uploader(
            "File",
            type=["yaml", "yml", "json"],
            key=FILE,
            max_upload_size=yaml_files.MAX_BYTES // 2**20,
            help="A prompt that was exported, with its versions and labels.",
        )
        st.text_input("Name", key=NAME, max_chars=128, placeholder="As in the file")
        dialogs.submit("Import prompt", import_file, key="prompts.import")

    form()


def import_file() -> None:
    file: UploadedFile | None = state.get(FILE, None)
    if file is None:
        raise Invalid("Choose a file.")
    name = state.get(NAME, "").strip()
    with guard.work() as (session, actor):
        made = transfer.import_prompt(session, file.getvalue(), name or None, actor=actor)
    address.show(made.id)
    state.toast(f"{made.name} imported with {formatting.count(made.version, 'version')}")
