"""The form of a prompt's details: name, category, description and tags."""

import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.identity.schemas import Actor
from core.prompts.queries import prompts as queries
from core.prompts.schemas import PromptChange
from core.prompts.service import prompts
from core.prompts.views import PromptView
from pages._ui import errors, guard, state

NAME, CATEGORY, DESCRIPTION, TAGS = (
    "prompts.details.name",
    "prompts.details.category",
    "prompts.details.description",
    "prompts.details.tags",
)


def draw(prompt: PromptView, actor: Actor) -> None:
    with guard.work() as (session, _):
        _, tags = queries.list_facets(session, actor=actor)
    options = list(dict.fromkeys([*prompt.tags, *tags]))
    with st.form("prompt-details", enter_to_submit=False):
        st.text_input("Name", prompt.name, key=state.own_key(NAME, prompt.id), max_chars=128)
        st.text_input(
            "Category", prompt.category, key=state.own_key(CATEGORY, prompt.id), max_chars=100
        )
        key = state.own_key(DESCRIPTION, prompt.id)
        st.text_area("Description", prompt.description, key=key, max_chars=2000)
        key = state.own_key(TAGS, prompt.id)
        st.multiselect("Tags", options, prompt.tags, key=key, accept_new_options=True)
        st.form_submit_button(
            "Save details", on_click=save, args=(prompt,), disabled=not prompt.may_edit
        )


@errors.action
def save(prompt: PromptView) -> None:
    try:
        change = PromptChange(
            name=state.get(state.own_key(NAME, prompt.id), prompt.name),
            category=state.get(state.own_key(CATEGORY, prompt.id), ""),
            description=state.get(state.own_key(DESCRIPTION, prompt.id), ""),
            tags=tuple(state.get(state.own_key(TAGS, prompt.id), [])),
        )
    except ValidationError as error:
        field = error.errors()[0]["loc"][0]
        raise Invalid(
            f"Check the {field}: letters, digits, spaces, dots, dashes and underscores only."
        ) from None
    with guard.work() as (session, actor):
        prompts.change_prompt(session, prompt.id, change, actor=actor)
    state.toast("Details saved")
