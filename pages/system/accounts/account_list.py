"""The accounts and what a super_admin can do with each."""

from collections.abc import Callable
from uuid import UUID

import pandas as pd
import streamlit as st
from pydantic import ValidationError

from core.errors import Invalid
from core.identity import queries, service
from core.identity.schemas import AccountChange, AccountView, Link, NewAccount, Role
from core.platform.config import config
from core.presentation import words
from core.system import service as system
from pages._ui import errors, frame, guard, state, tables, text

EMAIL, NAME, ROLE, LINK = "accounts.email", "accounts.name", "accounts.role", "accounts.link"
WHAT_ROLES_DO = {
    Role.SUPER_ADMIN: "Full access, including accounts, training export and retention",
    Role.ADMIN: "Everything except accounts, training export and retention",
    Role.ANALYST: "Views dashboards and exports tables",
    Role.REVIEWER: "Reviews messages; no costs or settings",
}


def draw() -> None:
    """Draw the table, and beside it the account that is chosen."""
    with guard.work() as (session, actor):
        accounts = queries.list_accounts(session)
    left, right = st.columns([2.1, 1], gap="medium")
    with left:
        chosen = draw_table(accounts)
    with right:
        if chosen is None:
            st.caption("Select an account to edit it.")
        else:
            draw_detail(chosen, is_me=chosen.id == actor.id)


def draw_table(accounts: list[AccountView]) -> AccountView | None:
    """Draw the accounts and return the chosen one."""
    frame.section("Accounts", words.count(len(accounts), "account"))
    rows = pd.DataFrame(
        {
            "Name": [account.full_name for account in accounts],
            "Email": [account.email for account in accounts],
            "Role": [text.ROLES[account.role] for account in accounts],
            "Status": [[condition(account)] for account in accounts],
            "Last sign-in": pd.Series([account.last_login_at for account in accounts], dtype="datetime64[us, UTC]"),
        }
    )
    states = st.column_config.MultiselectColumn(
        "Status", options=["Active", "Invited", "Disabled"], color=["green", "blue", "gray"], width=85
    )
    moment = st.column_config.DatetimeColumn("Last sign-in", format="D MMM YYYY, HH:mm", width=145, help="UTC")
    chosen = tables.choose(
        rows,
        "Accounts",
        key="accounts.table",
        columns={
            "Name": st.column_config.TextColumn(width=150),
            "Email": st.column_config.TextColumn(width=200),
            "Role": st.column_config.TextColumn(width=95),
            "Status": states,
            "Last sign-in": moment,
        },
        placeholder="never",
    )
    return accounts[chosen] if chosen is not None else None


def condition(account: AccountView) -> str:
    """Return in one word whether an account can sign in."""
    if not account.is_active:
        return "Disabled"
    return "Invited" if account.is_invited else "Active"


def draw_detail(account: AccountView, *, is_me: bool) -> None:
    """Draw what can be changed of an account."""
    frame.section(text.plain(account.full_name), text.plain(account.email))
    with st.container(border=True):
        if is_me:
            st.caption("This is your account. Another super admin must change your role.")
            return
        roles = list(Role)
        st.selectbox(
            "Role",
            roles,
            index=roles.index(account.role),
            key=f"role-{account.id}",
            format_func=text.ROLES.__getitem__,
            on_change=change_role,
            args=(account.id,),
            help=WHAT_ROLES_DO[account.role],
        )
        if account.locked_until:
            st.caption(f"Locked for one IP address until {account.locked_until:%H:%M} UTC after 5 failed sign-in attempts.")
        with st.container(horizontal=True, gap="xsmall"):
            words = "Resend invitation" if account.is_invited else "Reset password"
            st.button(words, key=f"link-{account.id}", icon=":material/link:", on_click=_ask, args=(account, words, make_link))
            turn = "Disable" if account.is_active else "Enable"
            st.button(
                turn,
                key=f"turn-{account.id}",
                icon=":material/block:" if account.is_active else ":material/check:",
                on_click=_ask if account.is_active else switch,
                args=(account, turn, switch) if account.is_active else (account,),
            )
            st.button(
                "Delete",
                key=f"delete-{account.id}",
                icon=":material/delete:",
                on_click=_ask,
                args=(account, "Delete", delete),
            )


CONSEQUENCES = {
    "Resend invitation": "The previous link stops working.",
    "Reset password": "The current password stops working and all sessions end immediately. You get a reset link to share.",
    "Disable": "All sessions end immediately. You can enable the account again.",
    "Delete": "Permanently deletes the account, its sessions and playground. The audit log is kept.",
}


def _ask(account: AccountView, words: str, act: Callable[[AccountView], None]) -> None:
    label = words if words in ("Resend invitation", "Reset password") else f"{words} account"

    @st.dialog(f"{label}?")
    def confirm() -> None:
        st.write(f"{text.plain(account.full_name)} ({text.plain(account.email)}). {CONSEQUENCES[words]}")
        with st.container(horizontal=True):
            if st.button(label, type="primary", key="accounts.confirm", on_click=act, args=(account,)):
                st.rerun()
            if st.button("Cancel", key="accounts.cancel"):
                st.rerun()

    confirm()


def open_invitation() -> None:
    """Ask whom to invite."""
    state.forget(EMAIL, NAME, ROLE, LINK)

    @st.dialog("Invite account")
    def form() -> None:
        st.text_input("Email", key=EMAIL, max_chars=254)
        st.text_input("Name", key=NAME, max_chars=200)
        role = st.selectbox(
            "Role", list(Role), index=list(Role).index(Role.REVIEWER), key=ROLE, format_func=text.ROLES.__getitem__
        )
        st.caption(WHAT_ROLES_DO[role or Role.REVIEWER])
        buttons, below = st.container(horizontal=True), st.container()
        wants_to_invite = buttons.button("Create invitation", type="primary", key="accounts.invite")
        if buttons.button("Cancel", key="accounts.no_invitation"):
            st.rerun()
        if wants_to_invite:
            with errors.InForm(below):
                invite()
            if state.get(LINK, None) is not None:
                st.rerun()

    form()


def invite() -> None:
    """Make the invitation that the form describes."""
    try:
        given = NewAccount(email=state.get(EMAIL, ""), full_name=state.get(NAME, ""), role=state.get(ROLE, Role.REVIEWER))
    except ValidationError as wrong:
        first = wrong.errors()[0]
        words = "Enter a name." if first["loc"] == ("full_name",) else first["msg"].removeprefix("Value error, ")
        raise Invalid(words) from None
    with guard.work() as (session, actor):
        link = service.invite(session, given, actor=actor)
    state.put(LINK, link)


def show_link() -> None:
    """Show a fresh link until it has been handed over; it is nowhere else."""
    link: Link | None = state.get(LINK, None)
    if link is None:
        return
    with st.container(border=True, width=760, gap="xsmall"):
        note = f"copy it now; it won't be shown again · expires {link.expires_at:%-d %b, %H:%M} UTC"
        frame.section("Password setup link for " + text.plain(link.account.email), note)
        st.code(config().address + link.path, language=None, wrap_lines=True)
        st.button("Done", key="accounts.link_done", icon=":material/check:", on_click=state.forget, args=(LINK,))


@errors.action
def make_link(account: AccountView) -> None:
    """Make a new link."""
    with guard.work() as (session, actor):
        link = service.invite_again(session, account.id, actor=actor)
    state.put(LINK, link)


@errors.action
def switch(account: AccountView) -> None:
    """Disable or enable an account."""
    with guard.work() as (session, actor):
        service.change_account(session, account.id, AccountChange(is_active=not account.is_active), actor=actor)
    state.toast("Account disabled" if account.is_active else "Account enabled")


@errors.action
def change_role(account_id: UUID) -> None:
    """Give an account another role."""
    role: Role = state.get(f"role-{account_id}", Role.REVIEWER)
    try:
        with guard.work() as (session, actor):
            service.change_account(session, account_id, AccountChange(role=role), actor=actor)
    finally:
        state.forget(f"role-{account_id}")
    state.toast(f"Role changed to {text.ROLES[role]}")


@errors.action
def delete(account: AccountView) -> None:
    """Remove an account."""
    with guard.work() as (session, actor):
        system.remove_account(session, account.id, actor=actor)
    state.toast("Account deleted")
