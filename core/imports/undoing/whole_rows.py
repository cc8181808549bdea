"""Rows that are told whole: messages, feedback, documents, memories, annotations. Each belongs to whoever has changed it last.

What belongs to the import is as it was before, or gone; what somebody has changed since belongs to him, and stays.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from core.annotations import annotations
from core.database.db import Database, transaction
from core.database.staging import driver, with_indexes
from core.imports.undoing.told_rows import SETTLED
from core.jobs import outbox
from core.knowledge.feedback import ingest as feedback

AT_ONCE = 5000
SOME = "select id from {table} where import_id = %(import_id)s order by id limit %(at_once)s for update"
TOLD = "select row_id from import_traces where (import_id, kind) = (%(import_id)s, %(kind)s) order by row_id limit %(at_once)s"
# What this one has made and others have changed since, it has not noted; others have.
TAKEN = """
select distinct row_id from import_traces where kind = %(kind)s and before ->> 'import_id' = %(import_id)s::text
order by row_id limit %(at_once)s"""
RESTORE = """
update {table} as present set {columns}
from (
    select distinct on (row_id) row_id, before from import_traces
    where (import_id, kind) = (%(import_id)s, %(kind)s) and row_id = any(%(ids)s)
        and before ->> 'import_id' is distinct from %(import_id)s::text
    order by row_id, number desc
) as trace, jsonb_populate_record(null::{table}, trace.before) as fresh
where trace.row_id = present.id and present.import_id = %(import_id)s"""
GOES = """
select id from ai_feedback where id = any(%(ids)s) and import_id = %(import_id)s and not exists (
    select from import_traces as trace
    where (trace.import_id, trace.kind, trace.row_id) = (%(import_id)s, %(kind)s, ai_feedback.id)
        and before ->> 'import_id' is distinct from %(import_id)s::text)"""
DELETE = "delete from {table} where id = any(%(ids)s) and import_id = %(import_id)s"
# A later import may have noted what this one said: it finds what was there before, or nothing.
LATER = """
update import_traces as later set before = (
    select mine.before from import_traces as mine
    where (mine.import_id, mine.kind, mine.row_id) = (%(import_id)s, %(kind)s, later.row_id) and mine.number < later.number
    order by mine.number desc limit 1)
where kind = %(kind)s and row_id = any(%(ids)s) and before ->> 'import_id' = %(import_id)s::text"""
NO_LONGER_BEFORE = "delete from import_traces where kind = %(kind)s and row_id = any(%(ids)s) and before is null"
# A row that another import told again without changing it passes to that import: the first to find it while it was this one's,
# and to leave it so. What later imports noted of the row then names the new owner.
HAND_OVER = """
with heirs as materialized (
    select distinct on (row_id) row_id, number, import_id
    from (
        select row_id, number, trace.import_id, before ->> 'import_id' as found,
            lead(before ->> 'import_id', 1, present.import_id::text) over (partition by row_id order by number) as left_to
        from import_traces as trace join {table} as present on present.id = row_id
        where trace.kind = %(kind)s and row_id = any(%(ids)s)
    ) as seen
    where found = %(import_id)s::text and left_to = %(import_id)s::text and import_id <> %(import_id)s
    order by row_id, number
),
handed as (
    update {table} as present set import_id = heirs.import_id from heirs
    where present.id = row_id and present.import_id = %(import_id)s
)
update import_traces as later set before = later.before || jsonb_build_object('import_id', heirs.import_id) from heirs
where later.kind = %(kind)s and later.row_id = heirs.row_id and later.number > heirs.number
    and later.before ->> 'import_id' = %(import_id)s::text"""
# All there are: a column that is added later goes back with the others. A position is not restored: other messages may have
# taken it meanwhile, and positions are assigned anew by time afterwards (core/conversations/messages.py, ORDER).
COLUMNS = """
select attname from pg_attribute where attrelid = cast(%(table)s as regclass) and attnum > 0 and not attisdropped
    and attgenerated = '' and attname not in ('id', 'position')"""


@dataclass(frozen=True)
class Whole:
    """One kind of such rows."""

    table: str
    database: Database = Database.CORE

    def take_some(self, session: Session, import_id: UUID) -> tuple[int, int]:
        """Take some rows back; return how many were looked at, and how many are gone."""
        connection = driver(session)
        given = {"import_id": import_id, "kind": self.table, "at_once": AT_ONCE}
        found = connection.execute(SOME.format(table=self.table).encode(), given).fetchall()
        found = found or connection.execute(TOLD, given).fetchall() or connection.execute(TAKEN, given).fetchall()
        ids = [id_ for (id_,) in found]
        self._hand_over(session, import_id, ids)
        if self.table == FEEDBACK.table:
            _tell(session, ids)
            _forget_names(session, import_id, ids)
        if self.table == ANNOTATIONS.table:
            _tell_annotated(session, ids)
        return len(ids), self._take_back(session, import_id, ids)

    def take(self, session: Session, import_id: UUID, ids: list[UUID]) -> int:
        """Take these rows back, as far as they belong to the import alone; return how many are gone."""
        self._hand_over(session, import_id, ids)
        return self._take_back(session, import_id, ids)

    def _hand_over(self, session: Session, import_id: UUID, ids: list[UUID]) -> None:
        given: dict[str, object] = {"import_id": import_id, "kind": self.table, "ids": ids}
        with_indexes(driver(session), HAND_OVER.format(table=self.table), given)

    def _take_back(self, session: Session, import_id: UUID, ids: list[UUID]) -> int:
        connection = driver(session)
        given = {"import_id": import_id, "kind": self.table, "ids": ids}
        columns = [name for (name,) in connection.execute(COLUMNS, {"table": self.table})]
        restored = ", ".join(f"{name} = fresh.{name}" for name in columns)
        connection.execute(RESTORE.format(table=self.table, columns=restored).encode(), given)
        gone = connection.execute(DELETE.format(table=self.table).encode(), given).rowcount
        for statement in (LATER, NO_LONGER_BEFORE, SETTLED):
            connection.execute(statement, given)
        return gone


MESSAGES = Whole("messages")
FEEDBACK = Whole("ai_feedback", Database.AI)
DOCUMENTS = Whole("ai_kb_documents", Database.AI)
MEMORIES = Whole("ai_memories", Database.AI)
# Those of the demo.
ANNOTATIONS = Whole("ai_admin_annotations", Database.AI)
OF_AI = (ANNOTATIONS, FEEDBACK, DOCUMENTS, MEMORIES)


def _forget_names(session: Session, import_id: UUID, ids: list[UUID]) -> None:
    """Forget what the feedback that will go calls messages: first, so that a kill leaves no name behind that nobody knows."""
    given = {"import_id": import_id, "kind": FEEDBACK.table, "ids": ids}
    gone = [id_ for (id_,) in driver(session).execute(GOES, given)]
    if gone:
        with transaction() as core:
            driver(core).execute("delete from named_messages where id = any(%s)", [gone])


def _tell(session: Session, ids: list[UUID]) -> None:
    """Let the conversations know that what was thought of them is about to change."""
    rated = "select distinct conversation_id::text from ai_feedback where id = any(%(ids)s) and conversation_id is not null"
    named = sorted(id_ for (id_,) in driver(session).execute(rated, {"ids": ids}))
    before = """select distinct before ->> 'conversation_id' from import_traces
        where kind = 'ai_feedback' and row_id = any(%(ids)s) and before ->> 'conversation_id' is not null"""
    named = sorted({*named, *(id_ for (id_,) in driver(session).execute(before, {"ids": ids}))})
    if named:
        outbox.tell(session, feedback.GIVEN, {"ids": named, "left": named}, database=Database.AI)


def _tell_annotated(session: Session, ids: list[UUID]) -> None:
    """Let the conversations know that they are about to be annotated less often."""
    named = "select distinct conversation_id::text from ai_admin_annotations where id = any(%(ids)s)"
    if found := sorted(id_ for (id_,) in driver(session).execute(named, {"ids": ids})):
        outbox.tell(session, annotations.CHANGED, {"ids": found}, database=Database.AI)
