"""List, search and count memories."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Text, cast, func, select
from sqlalchemy.orm import Session

from core.conversations import highlights
from core.conversations.views import TextPart
from core.database import shortened
from core.database.paging import Sort, SortCursor, SortedPage, Window
from core.database.tables import storable, table_of
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.ingest.external_ids import keys_of
from core.knowledge.models import Memory
from core.knowledge.queries import marked_texts, names_of
from core.knowledge.views import MemoryFilter, MemoryStats, MemoryView, NamedCount

memories = table_of(Memory)
UNSEEN = ("search", "content", "attributes")
PLAIN = [column for column in memories.c if column.name not in UNSEEN]
WHOLE = select(*PLAIN, memories.c.content)
SHOWN = select(
    *PLAIN, shortened.text(memories.c.content).label("content"), shortened.names(memories.c.content)
)

MOST_NAMED = 50
LATEST_FIRST = Sort.by("-updated", memories.c.updated_at, memories.c.id)


def list_memories(
    core: Session,
    ai: Session,
    filters: MemoryFilter,
    *,
    window: Window,
    after: SortCursor | None = None,
    actor: Actor,
) -> SortedPage[MemoryView]:
    """Return memories, most recently changed first."""
    require(actor, Permission.READ_CONTENTS)
    where = _where(filters)
    page = LATEST_FIRST.page(SHOWN.where(*where), window, after)
    rows = list(ai.execute(page).mappings())
    marked = marked_texts(ai, memories, [row["id"] for row in rows], filters.q, highlights.WHOLE)
    total = ai.scalar(select(func.count()).select_from(memories).where(*where)) or 0
    items = _views(core, rows, marked)
    return window.sorted_page(items, total, LATEST_FIRST.next_cursor(rows, window))


def list_memories_by_id(
    core: Session,
    ai: Session,
    filters: MemoryFilter,
    *,
    limit: int,
    after: UUID | None,
    whole: bool = False,
    actor: Actor,
) -> list[MemoryView]:
    """Return the memories after one, by ID, unaffected by changes and without marks."""
    require(actor, Permission.READ_CONTENTS)
    page = (WHOLE if whole else SHOWN).where(*_where(filters)).order_by(memories.c.id).limit(limit)
    if after is not None:
        page = page.where(memories.c.id > after)
    return _views(core, list(ai.execute(page).mappings()), {})


def memory_stats(session: Session, *, actor: Actor) -> MemoryStats:
    """Return the number of memories by kind and by scope, and of users."""
    require(actor, Permission.READ_CONTENTS)
    columns = memories.c
    whole = select(
        func.count(), func.count(columns.user_id.distinct()), func.max(columns.updated_at)
    )
    total, users, updated_at = session.execute(whole).one()
    return MemoryStats(
        memories=total,
        users=users,
        updated_at=updated_at,
        kinds=_counted(session, columns.kind),
        scopes=_counted(session, columns.scope),
    )


def _views(
    core: Session, rows: list[RowMapping], marked: dict[UUID, list[TextPart]]
) -> list[MemoryView]:
    people = names_of(core, [row["user_id"] for row in rows])
    return [
        MemoryView(
            **{name: value for name, value in row.items() if name in MemoryView.model_fields},
            **people[row["user_id"]],
            parts=marked.get(row["id"]),
        )
        for row in rows
    ]


def _where(filters: MemoryFilter) -> list[ColumnElement[bool]]:
    columns = memories.c
    equal = {columns.kind: filters.kind, columns.scope: filters.scope}
    where: list[ColumnElement[bool]] = [
        column == value for column, value in equal.items() if value is not None
    ]
    if filters.user_id is not None:
        where.append(columns.user_id.in_(keys_of("user", storable(filters.user_id))))
    if filters.q:
        where.append(highlights.has_words(memories, filters.q))
    return where


def _counted(session: Session, column: ColumnElement[Any]) -> list[NamedCount]:
    name = cast(column, Text).label("name")
    wanted = (
        select(name, func.count().label("count"))
        .group_by(name)
        .order_by(func.count().desc(), name)
        .limit(MOST_NAMED)
    )
    return [NamedCount(**row) for row in session.execute(wanted.select_from(memories)).mappings()]
