"""Routes of accounts and the audit log; super_admins only."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.deps import ActorDep, ConfigDep, SessionDep, WindowDep
from api.exports import Format, csv_response
from api.reference import CONFLICT
from api.watch_parameters import EdgesDep, note_list
from core.database.db import retry_on_conflict, transaction
from core.database.paging import Page, Window
from core.identity import queries
from core.identity.permissions import Permission, require
from core.identity.schemas import (
    AccountChange,
    AccountView,
    AuditFilter,
    AuditRow,
    Link,
    NewAccount,
)
from core.identity.service import accounts as service
from core.platform.config import Config
from core.system.service import account_removal as system

ACCOUNT_COLUMNS = tuple(AccountView.model_fields)
EXPORT_PAGE = Window(limit=1000)
AUDIT_COLUMNS = (
    "id",
    "occurred_at",
    "action",
    "outcome",
    "actor_type",
    "actor_id",
    "actor_name",
    "targets",
    "before",
    "after",
    "ip_address",
    "user_agent",
    "request_id",
)

router = APIRouter(prefix="/admin", tags=["Accounts"])


class Invitation(BaseModel):
    """An account, and the link with which its person sets a password; shown only here."""

    account: AccountView
    link: str
    expires_at: datetime


class AuditPage(Page[AuditRow]):
    """Audit rows; pass `next_cursor` as `cursor` for the next ones."""

    next_cursor: int | None


@router.get("/accounts", response_model=Page[AccountView])
def accounts(
    session: SessionDep,
    actor: ActorDep,
    window: WindowDep,
    format: Format = "json",
) -> Page[AccountView] | StreamingResponse:
    """List the accounts; as CSV, all of them."""
    require(actor, Permission.MANAGE_ACCOUNTS)
    if format == "csv":
        note_list(session, "accounts", actor, None)
        return csv_response("accounts", ACCOUNT_COLUMNS, queries.list_accounts(session))
    items, total = queries.list_accounts(session, window=window), queries.count_accounts(session)
    return window.page(items, total)


@router.post("/accounts", status_code=201, responses=CONFLICT)
def invite(
    new_account: NewAccount, session: SessionDep, actor: ActorDep, config: ConfigDep
) -> Invitation:
    """Create an account and its invitation link."""
    return _invitation(service.invite(session, new_account, actor=actor), config)


@router.post("/accounts/{account_id}/link", status_code=201, responses=CONFLICT)
def new_link(
    account_id: UUID, session: SessionDep, actor: ActorDep, config: ConfigDep
) -> Invitation:
    """Create a new invitation, or a reset that removes the password and ends all sessions."""
    return _invitation(service.invite_again(session, account_id, actor=actor), config)


@router.patch("/accounts/{account_id}", responses=CONFLICT)
def change(
    account_id: UUID, change: AccountChange, session: SessionDep, actor: ActorDep
) -> AccountView:
    """Change an account's name, role, or whether it is active."""
    return service.change_account(session, account_id, change, actor=actor)


@router.delete("/accounts/{account_id}", status_code=204, responses=CONFLICT)
def delete(account_id: UUID, actor: ActorDep) -> None:
    """Delete an account with what only it sees and the texts of its model calls.

    Its shared prompts and datasets stay; its shared bots and views, and its evaluations behind
    gates, become the caller's.
    """

    def remove() -> None:
        with transaction() as session:
            system.remove_account(session, account_id, actor=actor)

    # What the account is saving at this moment may hold a row and wait for the account
    retry_on_conflict(remove)


async def audit_filter(
    edges: EdgesDep,
    action: Annotated[str | None, Query(max_length=64)] = None,
    account: Annotated[str | None, Query(max_length=254)] = None,
) -> AuditFilter:
    """Return the requested filters; an empty one does not apply."""
    return AuditFilter(action or None, account or None, *edges)


AuditFilterDep = Annotated[AuditFilter, Depends(audit_filter)]


@router.get("/audit", response_model=AuditPage)
def audit(
    session: SessionDep,
    actor: ActorDep,
    window: WindowDep,
    filters: AuditFilterDep,
    cursor: Annotated[int | None, Query(ge=1)] = None,
    format: Format = "json",
) -> AuditPage | StreamingResponse:
    """List audit rows, newest first; as CSV, all that match."""
    require(actor, Permission.READ_AUDIT)
    if format == "csv":
        service.record_audit_export(session, filters, actor=actor)
        return csv_response("audit", AUDIT_COLUMNS, _all_audit_rows(filters))
    page = queries.list_audit(session, filters, window=window, before_id=cursor)
    next_cursor = page.items[-1].id if len(page.items) == window.limit else None
    page_facts: dict[str, Any] = {
        "total_count": page.total_count,
        "limit": window.limit,
        "offset": window.offset,
    }
    return AuditPage(items=page.items, next_cursor=next_cursor, **page_facts)


def _all_audit_rows(filters: AuditFilter) -> Iterator[dict[str, object]]:
    """Yield the values of audit rows, each page read in a transaction of its own."""
    before: int | None = None
    while True:
        with transaction() as session:
            rows = queries.list_audit_before(session, filters, before, window=EXPORT_PAGE)
        for row in rows:
            values = row.model_dump(mode="json")
            actor = values.pop("actor")
            # A CSV has no objects within rows
            yield values | {f"actor_{name}": value for name, value in actor.items()}
        if len(rows) < EXPORT_PAGE.limit:
            return
        before = rows[-1].id


def _invitation(link: Link, config: Config) -> Invitation:
    return Invitation(
        account=link.account, link=config.address + link.path, expires_at=link.expires_at
    )
