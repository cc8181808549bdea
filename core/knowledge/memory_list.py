"""What the assistant remembers of users: listed, found by its words, counted, and forgotten."""

from typing import Any

from sqlalchemy import ColumnElement, Text, cast, delete, func, select
from sqlalchemy.orm import Session

from core.conversations import highlights
from core.db import Database
from core.identity import audit
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.knowledge import found
from core.knowledge.answers import MemoryFilter, MemoryStats, MemoryView, Named
from core.knowledge.errors import MemoryMissing
from core.knowledge.models import Memory
from core.knowledge.people import names_of
from core.paging import Page, Window
from core.periods import id_of, keys_of
from core.tables import storable, table_of

memories = table_of(Memory)

MOST_NAMED = 50


def list_memories(
    core: Session, ai: Session, wanted: MemoryFilter, *, window: Window, actor: Actor, count: bool = True
) -> Page[MemoryView]:
    """Return memories, the one that was learned or changed last first."""
    require(actor, Permission.READ_CONTENTS)
    where, columns = _where(wanted), memories.c
    page = select(*(column for column in columns if column.name != "search")).where(*where)
    page = page.order_by(columns.updated_at.desc(), columns.id.desc()).limit(window.limit).offset(window.offset)
    rows = list(ai.execute(page).mappings())
    people = names_of(core, [row["user_id"] for row in rows])
    marked = found.marked(ai, memories, [row["id"] for row in rows], wanted.q, highlights.WHOLE)
    items = [
        MemoryView(
            **{name: value for name, value in row.items() if name in MemoryView.model_fields},
            **people[row["user_id"]],
            parts=marked.get(row["id"]),
        )
        for row in rows
    ]
    total = ai.scalar(select(func.count()).select_from(memories).where(*where)) or 0 if count else 0
    return Page(items, total)


def memory_stats(session: Session, *, actor: Actor) -> MemoryStats:
    """Return how many memories there are, by kind and by scope, and of how many users."""
    require(actor, Permission.READ_CONTENTS)
    columns = memories.c
    whole = select(func.count(), func.count(columns.user_id.distinct()), func.max(columns.updated_at))
    total, users, updated_at = session.execute(whole).one()
    return MemoryStats(
        memories=total,
        users=users,
        updated_at=updated_at,
        kinds=_counted(session, columns.kind),
        scopes=_counted(session, columns.scope),
    )


def delete_memory(ai: Session, given: str, *, actor: Actor) -> None:
    """Forget something; raise MemoryMissing."""
    require(actor, Permission.CHANGE_KNOWLEDGE)
    id_ = id_of(ai, memories, "memory", given)
    gone = ai.execute(delete(memories).where(memories.c.id == id_).returning(memories.c.user_id, memories.c.kind)).one_or_none()
    if gone is None:
        raise MemoryMissing
    targets = {"memory": str(id_), "user": str(gone.user_id) if gone.user_id else None, "kind": gone.kind}
    audit.record(ai, "memory.delete", actor, targets=targets, database=Database.AI)


def _where(wanted: MemoryFilter) -> list[ColumnElement[bool]]:
    columns = memories.c
    equal = {columns.kind: wanted.kind, columns.scope: wanted.scope}
    where: list[ColumnElement[bool]] = [column == value for column, value in equal.items() if value is not None]
    if wanted.user_id is not None:
        where.append(columns.user_id.in_(keys_of("user", storable(wanted.user_id))))
    if wanted.q:
        where.append(found.has_words(memories, wanted.q))
    return where


def _counted(session: Session, column: ColumnElement[Any]) -> list[Named]:
    name = cast(column, Text).label("name")
    wanted = select(name, func.count().label("count")).group_by(name).order_by(func.count().desc(), name).limit(MOST_NAMED)
    return [Named(**row) for row in session.execute(wanted.select_from(memories)).mappings()]
