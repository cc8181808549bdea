"""Accounts; super_admins only."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.deps import ActorDep, ConfigDep, SessionDep, WindowDep
from api.exports import csv_response
from api.reference import CONFLICT
from api.watch import EdgesDep
from core.database.db import transaction
from core.database.paging import Window
from core.identity import queries, service
from core.identity.permissions import Permission, require
from core.identity.schemas import AccountChange, AccountView, AuditFilter, AuditRow, Link, NewAccount
from core.platform.config import Config
from core.system import service as system

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


class AccountList(BaseModel):
    """Accounts, the oldest first."""

    items: list[AccountView]
    total_count: int
    limit: int
    offset: int


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
def accounts(session: SessionDep, actor: ActorDep, window: WindowDep) -> AccountList:
    """List the accounts."""
    require(actor, Permission.MANAGE_ACCOUNTS)
    items, total = queries.list_accounts(session, window=window), queries.count_accounts(session)
    return AccountList(items=items, total_count=total, limit=window.limit, offset=window.offset)


@router.post("/accounts", status_code=201, responses=CONFLICT)
def invite(given: NewAccount, session: SessionDep, actor: ActorDep, config: ConfigDep) -> Invitation:
    """Invite somebody."""
    return _invitation(service.invite(session, given, actor=actor), config)


@router.post("/accounts/{account_id}/link", status_code=201, responses=CONFLICT)
def new_link(account_id: UUID, session: SessionDep, actor: ActorDep, config: ConfigDep) -> Invitation:
    """Make a new link: the invitation again, or a reset that voids the password and ends every session."""
    return _invitation(service.invite_again(session, account_id, actor=actor), config)


@router.patch("/accounts/{account_id}", responses=CONFLICT)
def change(account_id: UUID, given: AccountChange, session: SessionDep, actor: ActorDep) -> AccountView:
    """Change name, role, or whether the account may sign in."""
    return service.change_account(session, account_id, given, actor=actor)


@router.delete("/accounts/{account_id}", status_code=204, responses=CONFLICT)
def delete(account_id: UUID, session: SessionDep, actor: ActorDep) -> None:
    """Remove an account, and with it what it said and the texts of its calls."""
    system.remove_account(session, account_id, actor=actor)


async def audit_filter(
    edges: EdgesDep,
    action: Annotated[str | None, Query(max_length=64)] = None,
    account: Annotated[str | None, Query(max_length=254)] = None,
) -> AuditFilter:
    """Return which lines are wanted; an empty filter is none."""
    return AuditFilter(action or None, account or None, *edges)


AuditFilterDep = Annotated[AuditFilter, Depends(audit_filter)]


@router.get("/audit", response_model=AuditPage)
def audit(
    session: SessionDep,
    actor: ActorDep,
    window: WindowDep,
    wanted: AuditFilterDep,
    cursor: Annotated[int | None, Query(ge=1)] = None,
    format: Literal["json", "csv"] = "json",
) -> AuditPage | StreamingResponse:
    """List who did what, the newest first; as CSV, every row that matches."""
    require(actor, Permission.READ_AUDIT)
    if format == "csv":
        service.note_audit_export(session, wanted, actor=actor)
        return csv_response("audit", AUDIT_COLUMNS, _audit_cells(wanted))
    page = queries.list_audit(session, wanted, window=window, before_id=cursor)
    following = page.items[-1].id if len(page.items) == window.limit else None
    figures: dict[str, Any] = {"total_count": page.total_count, "limit": window.limit, "offset": window.offset}
    return AuditPage(items=page.items, next_cursor=following, **figures)


def _audit_cells(wanted: AuditFilter) -> Iterator[list[object]]:
    """Yield a row's cells: a page a transaction, none of which is open while the other side takes its time."""
    before: int | None = None
    while True:
        with transaction() as session:
            rows = queries.list_audit_before(session, wanted, before, window=EXPORT_PAGE)
        for row in rows:
            plain = row.model_dump(mode="json")
            by = plain.pop("actor")
            yield [(plain | {f"actor_{name}": value for name, value in by.items()})[column] for column in AUDIT_COLUMNS]
        if len(rows) < EXPORT_PAGE.limit:
            return
        before = rows[-1].id


def _invitation(link: Link, config: Config) -> Invitation:
    return Invitation(account=link.account, link=config.address + link.path, expires_at=link.expires_at)
