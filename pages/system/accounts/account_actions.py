"""What a super admin can do with an account, each with its confirmation."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from core.database.db import retry_on_conflict
from core.identity.schemas import AccountChange, AccountView, Role
from core.identity.service import accounts as service
from core.system.service import account_removal as system
from pages._ui import dialogs, errors, guard, state, text
from pages.system.accounts import invitations

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


def ask(account: AccountView, words: str, act: Callable[[AccountView], None]) -> None:
    """Ask before an action, from a callback; `words` are on the button that was pressed."""
    label = words if words in ("Resend invitation", "Reset password") else f"{words} account"
    name, email = text.plain(account.full_name), text.plain(account.email)
    body = f"{name} ({email}). {CONSEQUENCES[words]}"
    if act is make_link and not account.is_active:
        body += " The new link works once the account is enabled."
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
