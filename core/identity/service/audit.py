"""The audit log: one row per change, written in the transaction of the change.

Each database has its own table. Rows of `ai` are copied to `core` within about a second, and read
there.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.db import Database, transaction
from core.database.tables import AiAudit, CoreAudit, storable, table_of
from core.identity.schemas import Actor, Caller
from core.jobs import outbox

AUDIT_WRITTEN = "audit.written"
core_audit, ai_audit = table_of(CoreAudit), table_of(AiAudit)
MAX_USER_AGENT_CHARS = 400  # clients choose its length
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
) -> int:
    """Write one audit row and return its id.

    `by` is an account or key (Actor), a visitor who has not signed in (Caller), or Attune itself
    (None). `action` has the form `account.disable`; the values of SECRET_FIELDS are masked.
    """
    caller = by.caller if isinstance(by, Actor) else by or Caller()
    row = {
        "action": action,
        "actor_type": _actor_type(by),
        "actor_id": by.id if isinstance(by, Actor) else None,
        "actor_name": by.email if isinstance(by, Actor) else None,
        "targets": _masked(targets) or {},
        "before": _masked(before),
        "after": _masked(after),
        "ip_address": caller.ip_address,
        "user_agent": (caller.user_agent or "")[:MAX_USER_AGENT_CHARS] or None,
        "request_id": caller.request_id,
        "outcome": outcome,
    }
    table = core_audit if database is Database.CORE else ai_audit
    id_: int = session.execute(insert(table).values(**row).returning(table.c.id)).scalar_one()
    if database is Database.AI:
        outbox.add(session, AUDIT_WRITTEN, {"ids": [id_]}, database=database)
    return id_


def relay(ids: list[int]) -> None:
    """Copy rows of `ai` to the log of `core`; rows that were copied before are skipped."""
    with transaction(Database.AI) as ai:
        rows = (
            ai.execute(select(ai_audit).where(ai_audit.c.id.in_(ids)).order_by(ai_audit.c.id))
            .mappings()
            .all()
        )
    relayed = [
        {name: value for name, value in row.items() if name != "id"} | {"relayed_id": row["id"]}
        for row in rows
    ]
    if relayed:
        with transaction() as core:
            insert_new = insert(core_audit).on_conflict_do_nothing(
                index_elements=["relayed_id"], index_where=core_audit.c.relayed_id.is_not(None)
            )
            core.execute(insert_new.values(relayed))


def _actor_type(by: Actor | Caller | None) -> str:
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
    return {
        name: MASK if name in SECRET_FIELDS and value else _json_value(value)
        for name, value in fields.items()
    }


def _json_value(value: object) -> object:
    if isinstance(value, (int, float, bool, list, dict, type(None))):
        return value
    return storable(str(value))
