"""Accounts: people, roles and the audit log."""

import streamlit as st

from core.identity.permissions import Permission, may
from pages._ui import errors, frame, guard, links
from pages.system.accounts import account_list, audit_list, invitations


def main() -> None:
    actor = guard.page(Permission.READ_AUDIT)
    sections = {"Audit": audit_list.draw}
    if may(actor, Permission.MANAGE_ACCOUNTS):
        sections = {"Accounts": account_list.draw, **sections}
    with frame.header("Accounts", "People, roles and the audit log"):
        if may(actor, Permission.MANAGE_ACCOUNTS):
            st.button(
                "Invite account",
                icon=":material/person_add:",
                on_click=invitations.open_invitation,
            )
    if may(actor, Permission.MANAGE_ACCOUNTS) and links.begins("invite"):
        invitations.open_invitation()
    invitations.show_link()
    names = list(sections)
    chosen = st.segmented_control(
        "Section",
        names,
        default=names[0],
        required=True,
        key="section",
        bind="query-params",
        label_visibility="collapsed",
    )
    sections[chosen]()


with errors.InWords("Accounts"):
    main()
