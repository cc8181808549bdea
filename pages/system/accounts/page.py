"""Accounts: people, roles and the audit log."""

import streamlit as st

from core.identity.permissions import Permission, may
from pages._ui import errors, frame, guard, links, sections
from pages.system.accounts import account_list, audit_list, invitations


def main() -> None:
    actor = guard.page(Permission.READ_AUDIT)
    shown = {"Audit": audit_list.draw}
    if may(actor, Permission.MANAGE_ACCOUNTS):
        shown = {"Accounts": account_list.draw, **shown}
    with frame.header("Accounts", "People, roles and the audit log"):
        if may(actor, Permission.MANAGE_ACCOUNTS):
            st.button(
                "Invite account",
                icon=":material/person_add:",
                type="primary",
                on_click=invitations.open_invitation,
            )
    if may(actor, Permission.MANAGE_ACCOUNTS) and links.begins("invite"):
        invitations.open_invitation()
    invitations.show_link()
    shown[sections.choose(shown, "accounts.section")]()


with errors.InWords("Accounts"):
    main()
