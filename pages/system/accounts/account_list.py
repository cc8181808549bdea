"""Accounts, and what a super admin can do with each."""

from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

import streamlit as st

from core.database.db import retry_on_conflict
from core.identity import queries
from core.identity.schemas import AccountChange, AccountView, Actor, Role
from core.identity.service import accounts as service
from core.platform import clock
from core.presentation import formatting
from core.system.service import account_removal as system
from pages._ui import columns, dialogs, errors, frame, guard, state, tables, text
from pages._ui.tables import TableColumn
from pages.system.accounts import invitations


def draw() -> None:
    with guard.work() as (session, actor):
        accounts = queries.list_accounts(session)
    frame.section(
        "Accounts", f"{formatting.count(len(accounts), 'account')} · click a row to edit it"
    )
    tables.draw(
        accounts,
        COLUMNS,
        "Accounts",
        key="accounts.table",
        placeholder="never",
        on_open=dialogs.open_row,
    )
    frame.csv_link("/api/v1/admin/accounts?format=csv")
    dialogs.draw_opened(accounts, "Account", partial(draw_detail, actor), dialogs.no_read)


def condition(account: AccountView) -> str:
    """Return an account's status in one word."""
    if not account.is_active:
        return "Disabled"
    return "Invited" if account.is_invited else "Active"


COLUMNS: Sequence[TableColumn[AccountView]] = [
    columns.text("Name", lambda row: row.full_name, width=220),
    columns.text("Email", lambda row: row.email, width=280),
    columns.text("Role", lambda row: text.ROLES[row.role], width=130),
    columns.chip("Status", condition, {"Active": "green", "Invited": "blue", "Disabled": "gray"}),
    columns.moment(
        "Last sign-in (UTC)",
        lambda row: row.last_login_at,
        "UTC",
        format="D MMM YYYY HH:mm",
        width=160,
    ),
]


def draw_detail(actor: Actor, account: AccountView) -> None:
    frame.section(text.plain(account.full_name), text.plain(account.email))
    with st.container():
        if account.id == actor.id:
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
            help=invitations.WHAT_ROLES_DO[account.role],
        )
        if account.locked_until and account.locked_until > clock.now():
            st.caption(
                f"Locked for one IP address until {account.locked_until:%H:%M} UTC after 5 "
                "failed sign-in attempts."
            )
        with st.container(horizontal=True, gap="xsmall"):
            words = "Resend invitation" if account.is_invited else "Reset password"
            st.button(
                words,
                key=f"link-{account.id}",
                icon=":material/link:",
                on_click=_ask,
                args=(account, words, make_link),
            )
            if account.is_active:
                st.button(
                    "Disable",
                    key=f"turn-{account.id}",
                    icon=":material/block:",
                    on_click=_ask,
                    args=(account, "Disable", switch),
                )
            else:
                st.button(
                    "Enable",
                    key=f"turn-{account.id}",
                    icon=":material/check:",
                    on_click=switch,
                    args=(account,),
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
    "Reset password": (
        "The current password stops working and all sessions end immediately. You get a reset "
        "link to share."
    ),
    "Disable": "All sessions end immediately. You can enable the account again.",
    "Delete": (
        "Permanently deletes the account with its playground, comparisons, A/B tests, evaluations "
        "and all that is private. Its shared prompts and datasets stay. Its shared bots, shared "
        "views and evaluations behind gates become yours. The audit log is kept."
    ),
}


def _ask(account: AccountView, words: str, act: Callable[[AccountView], None]) -> None:
    label = words if words in ("Resend invitation", "Reset password") else f"{words} account"

    name, email = text.plain(account.full_name), text.plain(account.email)
    body = f"{name} ({email}). {CONSEQUENCES[words]}"
    dialogs.leave_for(
        partial(dialogs.confirm, f"{label}?", body, label, act, account, key="accounts")
    )


@errors.action
def make_link(account: AccountView) -> None:
    with guard.work() as (session, actor):
        link = service.invite_again(session, account.id, actor=actor)
    state.put(invitations.LINK, link)


@errors.action
def switch(account: AccountView) -> None:
    with guard.work() as (session, actor):
        service.change_account(
            session, account.id, AccountChange(is_active=not account.is_active), actor=actor
        )
    state.toast("Account disabled" if account.is_active else "Account enabled")


@errors.action
def change_role(account_id: UUID) -> None:
    role: Role = state.get(f"role-{account_id}", Role.REVIEWER)
    try:
        with guard.work() as (session, actor):
            service.change_account(session, account_id, AccountChange(role=role), actor=actor)
    finally:
        # A change that was refused leaves the stored role in the field
        state.forget(f"role-{account_id}")
    state.toast(f"Role changed to {text.ROLES[role]}")


@errors.action
def delete(account: AccountView) -> None:
    def remove() -> None:
        with guard.work() as (session, actor):
            system.remove_account(session, account.id, actor=actor)

    # What the account is saving at this moment may hold a row and wait for the account
    retry_on_conflict(remove)
    state.toast("Account deleted")
