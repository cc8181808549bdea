"""Renew search vectors of older rows in the background, some hundred per transaction.

Only the changed rows are locked, and it can be interrupted and repeated at any time. The database
functions are in migrations/core/sql/search.sql.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Table, func, literal, select, update

from core.conversations.models import Message
from core.database.db import Database, transaction
from core.database.tables import table_of
from core.jobs import queue
from core.knowledge.models import Document, Memory

TASK = "system.search_again"
# Rows: writers wait for a transaction's locks, and other jobs for the end of this one
AT_ONCE, IN_A_JOB = 500, 20_000

messages, documents, memories = table_of(Message), table_of(Document), table_of(Memory)


@dataclass(frozen=True)
class SearchedTable:
    """A table with a search vector, and its searched columns."""

    table: Table
    database: Database
    content: ColumnElement[str]

    def renew(self, behind: UUID | None) -> UUID | None:
        """Renew the vectors of some rows after one; return the last of them, or None."""
        table, found = self.table, func.search_vector(self.content)
        some = select(table.c.id).order_by(table.c.id).limit(AT_ONCE)
        if behind is not None:
            some = some.where(table.c.id > behind)
        with transaction(self.database) as session:
            ids = session.scalars(some).all()
            stale = table.c.id.in_(ids) & table.c.search.is_distinct_from(found)
            session.execute(update(table).where(stale).values(search=found))
        return ids[-1] if ids else None


EACH = {
    messages.name: SearchedTable(messages, Database.CORE, messages.c.content),
    documents.name: SearchedTable(
        documents, Database.AI, documents.c.title + literal(" ") + documents.c.content
    ),
    memories.name: SearchedTable(memories, Database.AI, memories.c.content),
}


def search_again(table: str, behind: UUID | None) -> None:
    """Renew the vectors of a table's rows after one; many rows are left to a further job."""
    for _ in range(IN_A_JOB // AT_ONCE):
        behind = EACH[table].renew(behind)
        if behind is None:
            return
        if queue.stopping.is_set():
            break
    with transaction() as session:
        queue.defer(session, TASK, queue=queue.LONG, table=table, behind=str(behind))
