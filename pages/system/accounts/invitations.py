"""Invitations of accounts, and the links by which people set their passwords."""

import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.identity.schemas import Link, NewAccount, Role
from core.identity.service import accounts as service
from core.platform.config import config
from core.presentation.validation import message_of
from pages._ui import dialogs, frame, guard, state, text

EMAIL, NAME, ROLE, LINK = "accounts.email", "accounts.name", "accounts.role", "accounts.link"
WHAT_ROLES_DO = {
    Role.SUPER_ADMIN: "Full access, including accounts, training export and retention",
    Role.ADMIN: "Everything except accounts, training export and retention",
    Role.ANALYST: "Views dashboards and exports tables",
    Role.REVIEWER: "Reviews messages; no costs or settings",
}


def open_invitation() -> None:
    state.forget(EMAIL, NAME, ROLE, LINK)

    @st.dialog("Invite account")
    def form() -> None:
        st.text_input("Email", key=EMAIL, max_chars=254)
        st.text_input("Name", key=NAME, max_chars=200)
        role = st.selectbox(
            "Role",
            list(Role),
            index=list(Role).index(Role.REVIEWER),
            key=ROLE,
            format_func=text.ROLES.__getitem__,
        )
        st.caption(WHAT_ROLES_DO[role or Role.REVIEWER])
        dialogs.submit("Create invitation", invite, key="accounts")

    form()


def invite() -> None:
    try:
        given = NewAccount(
            email=state.get(EMAIL, ""),
            full_name=state.get(NAME, ""),
            role=state.get(ROLE, Role.REVIEWER),
        )
    except ValidationError as wrong:
        first = wrong.errors()[0]
        words = "Enter a name." if first["loc"] == ("full_name",) else message_of(first)
        raise Invalid(words) from None
    with guard.work() as (session, actor):
        link = service.invite(session, given, actor=actor)
    state.put(LINK, link)


def show_link() -> None:
    """Show a new link until it is dismissed; it is stored nowhere else."""
    link: Link | None = state.get(LINK, None)
    if link is None:
        return
    with st.container(border=True, width=760, gap="xsmall"):
        note = f"copy it now; it won't be shown again · expires {link.expires_at:%-d %b %H:%M} UTC"
        frame.section("Password setup link for " + text.plain(link.account.email), note)
        st.code(config().address + link.path, language=None, wrap_lines=True)
        st.button(
            "Done",
            key="accounts.link_done",
            icon=":material/check:",
            on_click=state.forget,
            args=(LINK,),
        )
