"""Accounts, for super_admins."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.deps import ActorDep, ConfigDep, SessionDep, WindowDep
from core.config import Config
from core.identity import queries, service
from core.identity.permissions import Permission, require
from core.identity.schemas import AccountChange, AccountView, AuditRow, Link, NewAccount

router = APIRouter(prefix="/admin", tags=["Accounts"])


class AccountList(BaseModel):
    """All accounts."""

    items: list[AccountView]
    total_count: int


class Invitation(BaseModel):
    """An account, and the link with which its person sets a password: shown this once."""

    account: AccountView
    link: str
    expires_at: datetime


class AuditPage(BaseModel):
    """A page of the audit log; `next_cursor` leads on."""

    items: list[AuditRow]
    total_count: int
    limit: int
    offset: int
    next_cursor: int | None


@router.get("/accounts")
def accounts(session: SessionDep, actor: ActorDep) -> AccountList:
    """List all accounts."""
    require(actor, Permission.MANAGE_ACCOUNTS)
    items = queries.list_accounts(session)
    return AccountList(items=items, total_count=len(items))


@router.post("/accounts", status_code=201)
def invite(given: NewAccount, session: SessionDep, actor: ActorDep, config: ConfigDep) -> Invitation:
    """Invite somebody."""
    return _invitation(service.invite(session, given, actor=actor), config)


@router.post("/accounts/{account_id}/link", status_code=201)
def new_link(account_id: UUID, session: SessionDep, actor: ActorDep, config: ConfigDep) -> Invitation:
    """Make a new link: the invitation again, or a reset that voids the password and ends every session."""
    return _invitation(service.invite_again(session, account_id, actor=actor), config)


@router.patch("/accounts/{account_id}")
def change(account_id: UUID, given: AccountChange, session: SessionDep, actor: ActorDep) -> AccountView:
    """Change name, role, or whether the account may sign in."""
    return service.change_account(session, account_id, given, actor=actor)


@router.delete("/accounts/{account_id}", status_code=204)
def delete(account_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Remove an account."""
    service.delete_account(session, account_id, actor=actor)


@router.get("/audit")
def audit(
    session: SessionDep,
    actor: ActorDep,
    window: WindowDep,
    action: Annotated[str | None, Query(max_length=64)] = None,
    account: Annotated[str | None, Query(max_length=254)] = None,
    cursor: Annotated[int | None, Query(ge=1)] = None,
) -> AuditPage:
    """List who did what, the newest first."""
    require(actor, Permission.READ_AUDIT)
    page = queries.list_audit(session, window=window, action=action, actor=account, before_id=cursor)
    following = page.items[-1].id if len(page.items) == window.limit else None
    figures: dict[str, Any] = {"total_count": page.total_count, "limit": window.limit, "offset": window.offset}
    return AuditPage(items=page.items, next_cursor=following, **figures)


def _invitation(link: Link, config: Config) -> Invitation:
    return Invitation(account=link.account, link=config.address + link.path, expires_at=link.expires_at)
