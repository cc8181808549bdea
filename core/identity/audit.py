"""The audit log: one row for each thing that somebody did, in the transaction of the deed."""

from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from core.db import Database
from core.identity.schemas import Actor, Caller
from core.tables import AiAudit, CoreAudit, storable

TABLES: dict[Database, type[CoreAudit] | type[AiAudit]] = {Database.CORE: CoreAudit, Database.AI: AiAudit}
LONGEST_USER_AGENT = 400
MASK = "•••"
SECRET_FIELDS = frozenset({"password", "password_hash", "secret", "token", "key"})


def record(
    session: Session,
    action: str,
    by: Actor | Caller | None,
    *,
    targets: dict[str, Any] | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    outcome: str = "ok",
    database: Database = Database.CORE,
) -> None:
    """Write one row: by an account, by a visitor who has not signed in, or (None) by Attune itself.

    `action` reads `account.disable`; fields that hold secrets are masked.
    """
    caller = by.caller if isinstance(by, Actor) else by or Caller()
    row = {
        "action": action,
        "actor_type": _type(by),
        "actor_id": by.id if isinstance(by, Actor) else None,
        "actor_name": by.email if isinstance(by, Actor) else None,
        "targets": _masked(targets) or {},
        "before": _masked(before),
        "after": _masked(after),
        "ip_address": caller.ip_address,
        "user_agent": (caller.user_agent or "")[:LONGEST_USER_AGENT] or None,
        "request_id": caller.request_id,
        "outcome": outcome,
    }
    session.execute(insert(TABLES[database]).values(**row))


def _type(by: Actor | Caller | None) -> str:
    match by:
        case Actor():
            return "key" if by.is_program else "account"
        case Caller():
            return "visitor"
        case None:
            return "system"


def _masked(fields: dict[str, Any] | None) -> dict[str, Any] | None:
    if fields is None:
        return None
    return {name: MASK if name in SECRET_FIELDS and value else _plain(value) for name, value in fields.items()}


def _plain(value: object) -> object:
    if isinstance(value, (int, float, bool, list, dict, type(None))):
        return value
    return storable(str(value))
