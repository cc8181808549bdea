"""The foot of the sidebar: who is signed in, and the way out."""

import streamlit as st

from core.identity import service
from core.identity.schemas import Actor
from pages._ui import errors, frame, guard, text


def draw(actor: Actor, account_page: st.Page) -> None:
    """Show the name and the button that signs out."""
    with st.sidebar.container(key="account-menu", gap="xsmall"):
        st.page_link(account_page, label=text.plain(actor.name), icon=":material/account_circle:", help=actor.email)
        st.button("Sign out", key="console.sign_out", icon=":material/logout:", type="tertiary", on_click=sign_out)
        frame.follow_theme()


@errors.action
def sign_out() -> None:
    """End this tab's session."""
    with guard.work() as (session, actor):
        service.sign_out(session, actor=actor)
