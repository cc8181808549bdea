"""Accounts, and what a super admin can do with each."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.identity import queries
from core.identity.schemas import AccountView, Actor, Role
from core.platform import clock
from core.presentation import formatting
from pages._ui import columns, dialogs, frame, guard, tables, text
from pages._ui.tables import TableColumn
from pages.system.accounts import account_actions, invitations


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
            on_change=account_actions.change_role,
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
                on_click=account_actions.ask,
                args=(account, words, account_actions.make_link),
            )
            if account.is_active:
                st.button(
                    "Disable",
                    key=f"turn-{account.id}",
                    icon=":material/block:",
                    on_click=account_actions.ask,
                    args=(account, "Disable", account_actions.switch),
                )
            else:
                st.button(
                    "Enable",
                    key=f"turn-{account.id}",
                    icon=":material/check:",
                    on_click=account_actions.switch,
                    args=(account,),
                )
            st.button(
                "Delete",
                key=f"delete-{account.id}",
                icon=":material/delete:",
                on_click=account_actions.ask,
                args=(account, "Delete", account_actions.delete),
            )
