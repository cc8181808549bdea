"""The foot of the sidebar: search, the signed-in account and sign-out."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import streamlit as st

from core.conversations.queries import notes
from core.errors import Unavailable
from core.identity.permissions import Permission, may
from core.identity.schemas import Actor
from core.identity.service import sessions
from core.presentation import formatting
from pages import command_palette
from pages._ui import errors, frame, guard, text
from pages._ui.cache import Reads
from pages._ui.shared_reads import ReadCancelled


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
        if new := _new_mentions(actor):
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


def _new_mentions(actor: Actor) -> int:
    if not may(actor, Permission.READ_CONTENTS):
        return 0
    # A page does not fail for its sidebar: during an outage, it says so itself
    with suppress(Unavailable, ReadCancelled):
        # With the ID: accounts with the same permissions share the answers to a question
        return Reads(actor).ask(notes.count_unseen, actor.id)
    return 0


@errors.action
def sign_out() -> None:
    with guard.work() as (session, actor):
        sessions.sign_out(session, actor=actor)
