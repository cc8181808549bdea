"""The foot of the sidebar: search, the signed-in account and sign-out."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.conversations.queries import notes
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.identity.service import sessions
from core.presentation import formatting
from pages import command_palette
from pages._ui import errors, frame, guard, text
from pages._ui.cache import Reads


def draw(actor: Actor, account_page: st.Page, sections: Mapping[str, Sequence[st.Page]]) -> None:
    """Draw the foot of the sidebar; `sections` are the pages that the account may open."""
    with st.sidebar.container(key="account-menu", gap="xsmall"):
        command_palette.draw(actor, sections)
        st.page_link(
            account_page,
            label=text.plain(actor.name),
            icon=":material/account_circle:",
            help=actor.email,
        )
        if may(actor, Permission.READ_CONTENTS) and (
            # With the ID: accounts with the same permissions share the answers to a question
            new := Reads(actor).ask(notes.count_unseen, actor.id)
        ):
            st.page_link(
                account_page,
                label=formatting.count(new, "new mention"),
                icon=":material/alternate_email:",
            )
        st.button(
            "Sign out",
            key="console.sign_out",
            icon=":material/logout:",
            type="tertiary",
            on_click=sign_out,
        )
        frame.follow_theme()


@errors.action
def sign_out() -> None:
    with guard.work() as (session, actor):
        sessions.sign_out(session, actor=actor)
