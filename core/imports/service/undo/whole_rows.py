"""Undo of rows that belong to their last writer: messages, feedback, scores, documents, memories,
annotations.

What belongs to the import is as the last of the others left it, or gone; what a person has changed
since stays.
"""

from dataclasses import dataclass
from uuid import UUID

from psycopg import sql
from sqlalchemy.orm import Session

from core.annotations.service import annotations
from core.database.db import Database, transaction
from core.database.import_traces import OTHERS
from core.database.staging import driver
from core.imports.service.undo.reported_rows import SETTLE, composed
from core.jobs import outbox
from core.knowledge.feedback import ingest as feedback
from core.scores import ingest as scores

AT_ONCE = 5000
# The rows of the import, and what it repeated, or others have changed since.
SOME = """
with own as materialized (
    select id from {table} where import_id = %(import_id)s order by id limit %(at_once)s for update)
select id from own
union
(select row_id from import_traces where (import_id, kind) = (%(import_id)s, %(kind)s)
    order by row_id limit %(at_once)s)"""
# All there are: a column that is added later goes back with the others. A position is not restored:
# other messages may have taken it meanwhile, and positions are assigned anew by time afterwards
# (core/conversations/ingest/order_messages.sql).
COLUMNS = """
select attname from pg_attribute where attrelid = cast(%s as regclass) and attnum > 0
    and not attisdropped
    and attgenerated = '' and attname not in ('id', 'position', 'search')"""
RESTORE = """
update {table} as present set ({columns}) = (select {columns}
    from jsonb_populate_record(null::{table}, trace.content))
from (select distinct on (row_id) row_id, content from import_traces
    where kind = %(kind)s and row_id = any(%(ids)s) and import_id <> %(import_id)s
        order by row_id, number desc) as trace
where trace.row_id = present.id and present.import_id = %(import_id)s"""
GONE = """
select id from {table} as present where id = any(%(ids)s) and import_id = %(import_id)s
    and not exists (
    select from import_traces as trace where (row_id, kind) = (present.id, %(kind)s)
        and trace.import_id <> %(import_id)s)"""
CONVERSATIONS = """
select distinct conversation_id::text from {table} where id = any(%(ids)s)
    and conversation_id is not null
union
select distinct content ->> 'conversation_id' from import_traces
where kind = %(kind)s and row_id = any(%(ids)s) and content ->> 'conversation_id' is not null
    order by 1"""

# Without a bad rating or score nothing speaks for a review any longer, and the queue is told so
TOPICS = {
    "ai_feedback": feedback.GIVEN,
    "message_scores": scores.GIVEN,
    "ai_admin_annotations": annotations.CHANGED,
}


@dataclass(frozen=True)
class OverwrittenTable:
    """One kind of such rows."""

    table: str

    def take_some(self, session: Session, import_id: UUID) -> dict[str, int] | None:
        """Take some rows back; return how many are gone, None when there were none."""
        given = {"import_id": import_id, "kind": self.table, "at_once": AT_ONCE}
        ids = [id_ for (id_,) in driver(session).execute(composed(SOME, self.table), given)]
        if not ids:
            return None
        self._tell(session, ids)
        return {self.table: self.take(session, import_id, ids)}

    def take(self, session: Session, import_id: UUID, ids: list[UUID]) -> int:
        """Take these rows back, as far as they belong to the import; return how many are gone."""
        connection = driver(session)
        given = {"import_id": import_id, "kind": self.table, "ids": ids, "others": OTHERS}
        gone = [id_ for (id_,) in connection.execute(composed(GONE, self.table), given)]
        if self is FEEDBACK:
            _forget_names(gone)
        connection.execute(composed("delete from {table} where id = any(%s)", self.table), [gone])
        columns = sql.SQL(", ").join(
            sql.Identifier(name) for (name,) in connection.execute(COLUMNS, [self.table])
        )
        connection.execute(composed(RESTORE, self.table, columns=columns), given)
        connection.execute(SETTLE, given)
        if self is SCORES:
            scores.note_names(session, ids)
        return len(gone)

    def _tell(self, session: Session, ids: list[UUID]) -> None:
        """Let the conversations know that what was thought of them is about to change."""
        topic = TOPICS.get(self.table)
        if topic is None:
            return
        named = driver(session).execute(
            composed(CONVERSATIONS, self.table), {"ids": ids, "kind": self.table}
        )
        if found := [id_ for (id_,) in named]:
            database = Database.CORE if self is SCORES else Database.AI
            outbox.add(session, topic, {"ids": found, "left": found}, database=database)


MESSAGES = OverwrittenTable("messages")
FEEDBACK = OverwrittenTable("ai_feedback")
SCORES = OverwrittenTable("message_scores")
ANNOTATIONS = OverwrittenTable("ai_admin_annotations")
OF_AI = (
    ANNOTATIONS,
    FEEDBACK,
    OverwrittenTable("ai_kb_documents"),
    OverwrittenTable("ai_memories"),
)


def _forget_names(gone: list[UUID]) -> None:
    """Forget what feedback calls messages: before it goes, so that a kill leaves no unknown
    name behind.
    """
    if gone:
        with transaction() as core:
            driver(core).execute("delete from named_messages where id = any(%s)", [gone])
