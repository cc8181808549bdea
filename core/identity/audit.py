"""The audit log: one row per change, in the transaction of the change.

Each database has its own; what is written in `ai` is brought to `core` within a second or so, and read there.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.database.db import Database, transaction
from core.database.tables import AiAudit, CoreAudit, storable, table_of
from core.identity.schemas import Actor, Caller
from core.jobs import outbox

WRITTEN = "audit.written"
ours, theirs = table_of(CoreAudit), table_of(AiAudit)
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
) -> int:
    """Write one row and return its id: by an account, by a visitor who has not signed in, or (None) by Attune itself.

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
    table = ours if database is Database.CORE else theirs
    id_: int = session.execute(insert(table).values(**row).returning(table.c.id)).scalar_one()
    if database is Database.AI:
        outbox.tell(session, WRITTEN, {"ids": [id_]}, database=database)
    return id_


def relay(ids: list[int]) -> None:
    """Bring rows of `ai` into the log of `core`; what is there already stays as it is."""
    with transaction(Database.AI) as ai:
        rows = ai.execute(select(theirs).where(theirs.c.id.in_(ids)).order_by(theirs.c.id)).mappings().all()
    relayed = [{name: value for name, value in row.items() if name != "id"} | {"relayed_id": row["id"]} for row in rows]
    if relayed:
        with transaction() as core:
            once = insert(ours).on_conflict_do_nothing(index_elements=["relayed_id"], index_where=ours.c.relayed_id.is_not(None))
            core.execute(once.values(relayed))


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
