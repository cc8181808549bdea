"""Section Details and sharing: details of a prompt, who sees it, its export and its deletion."""

import streamlit as st

from core.identity.schemas import Actor
from core.prompts.queries import prompts as queries
from core.prompts.schemas import (
    DEFAULT_PROMPT_NAME,
    PromptChange,
    PromptShare,
    PromptShares,
    Visibility,
)
from core.prompts.service import prompts, sharing
from core.prompts.views import PromptView
from pages._ui import dialogs, errors, frame, guard, state, text
from pages.test.prompts import address, details_form

READERS, EDITORS, IS_PUBLIC = (
    "prompts.share.readers",
    "prompts.share.editors",
    "prompts.share.public",
)
EXPORT = "/api/v1/templates/{id}/export?format={format}"


def draw(prompt: PromptView, actor: Actor) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        details_form.draw(prompt, actor)
    with right:
        if prompt.owner_id == actor.id:
            _draw_sharing(prompt, actor)
        _draw_files(prompt, actor)


def _draw_sharing(prompt: PromptView, actor: Actor) -> None:
    with guard.work() as (session, _):
        shares = queries.list_shares(session, prompt.id, actor=actor)
        emails = queries.list_people(session, actor=actor)
    frame.section("Sharing", "API keys call public prompts only")
    with st.form("prompt-sharing", enter_to_submit=False):
        st.checkbox(
            "Public: everyone who may use prompts can read it",
            prompt.visibility is Visibility.PUBLIC,
            key=state.own_key(IS_PUBLIC, prompt.id),
        )
        readers = [share.email for share in shares if not share.may_edit]
        editors = [share.email for share in shares if share.may_edit]
        for label, name, chosen in (("Can read", READERS, readers), ("Can edit", EDITORS, editors)):
            key = state.own_key(name, prompt.id)
            st.multiselect(label, emails, chosen, key=key, placeholder="Nobody else")
        st.form_submit_button("Save sharing", on_click=save_sharing, args=(prompt,))


@errors.action
def save_sharing(prompt: PromptView) -> None:
    readers: list[str] = state.get(state.own_key(READERS, prompt.id), [])
    editors: list[str] = state.get(state.own_key(EDITORS, prompt.id), [])
    # Who is in both lists may edit
    shares = dict.fromkeys(readers, False) | dict.fromkeys(editors, True)
    visibility = (
        Visibility.PUBLIC
        if state.get(state.own_key(IS_PUBLIC, prompt.id), False)
        else Visibility.PRIVATE
    )
    accounts = tuple(
        PromptShare(email=email, may_edit=may_edit) for email, may_edit in shares.items()
    )
    with guard.work() as (session, actor):
        change = PromptChange(visibility=visibility)
        prompts.change_prompt(session, prompt.id, change, actor=actor)
        sharing.share_prompt(session, prompt.id, PromptShares(accounts=accounts), actor=actor)
    state.toast("Sharing saved")


def _draw_files(prompt: PromptView, actor: Actor) -> None:
    frame.section("Export", "all versions and labels")
    with st.container(horizontal=True, gap="small"):
        for name, format_ in (("YAML", "yaml"), ("JSON", "json")):
            frame.csv_link(EXPORT.format(id=prompt.id, format=format_), f"Export {name}")
    if prompt.name == DEFAULT_PROMPT_NAME or prompt.owner_id not in (None, actor.id):
        return
    frame.section("Delete")
    st.button(
        "Delete prompt",
        icon=":material/delete:",
        key="prompts.delete",
        on_click=ask_to_delete,
        args=(prompt,),
    )


def ask_to_delete(prompt: PromptView) -> None:
    dialogs.confirm(
        "Delete this prompt?",
        text.plain(f"{prompt.name}, its versions and labels. Programs that call it will fail."),
        "Delete prompt",
        delete,
        prompt,
        key="prompts.delete",
    )


@errors.action
def delete(prompt: PromptView) -> None:
    with guard.work() as (session, actor):
        prompts.delete_prompt(session, prompt.id, actor=actor)
    address.close()
    state.toast("Prompt deleted")
