"""What reviewers have to do with the messages of an import: items of the queue, and what people
have said of made-up ones.
"""

from uuid import UUID

from sqlalchemy.orm import Session

from core.database.db import read_session
from core.database.staging import driver

AT_ONCE = 5000
SOME = """
select id, message_id from review_items where import_id = %(import_id)s order by id
    limit %(at_once)s for update"""
PRESENT = "select id, import_id from messages where id = any(%(ids)s)"
GO = "delete from review_items where message_id = any(%(ids)s)"
DRAFTS_GO = "delete from ai_annotation_drafts where message_id = any(%(ids)s)"
# Items that stay belong to the latest other import that reported the message, or to none.
STAY = """
update review_items as item set import_id = nullif(present.import_id, %(import_id)s)
from unnest(%(ids)s::uuid[], %(owners)s::uuid[]) as present(id, import_id)
    where item.message_id = present.id"""
OF_PEOPLE = """
select id, message_id from ai_admin_annotations where import_id is null and id > %(after)s
    order by id limit %(at_once)s"""
OF_IMPORT = "select id from messages where id = any(%(ids)s) and import_id = %(import_id)s"
TAKE = (
    "update ai_admin_annotations set import_id = %(import_id)s where message_id = any(%(ids)s) "
    "and import_id is null"
)


def take_some(ai: Session, import_id: UUID) -> dict[str, int] | None:
    """Take some items of an import off the queue whose messages are gone; return how many are gone,
    None when there were none.

    The messages of the import must have gone before: while they are there, what follows from its
    undo may queue them again.
    """
    connection = driver(ai)
    found = dict(connection.execute(SOME, {"import_id": import_id, "at_once": AT_ONCE}).fetchall())
    if not found:
        return None
    with read_session() as core:
        present: dict[UUID, UUID | None] = dict(
            driver(core).execute(PRESENT, {"ids": list(found.values())}).fetchall()
        )
    connection.execute(
        STAY, {"import_id": import_id, "ids": list(present), "owners": list(present.values())}
    )
    gone = {"ids": [message_id for message_id in found.values() if message_id not in present]}
    connection.execute(DRAFTS_GO, gone)
    return {"review_items": connection.execute(GO, gone).rowcount}


def let_belong(ai: Session, import_id: UUID, after: UUID) -> UUID | None:
    """Let what people said of an import's messages belong to it; return the last that was looked
    at, None at the end.
    """
    connection = driver(ai)
    found = connection.execute(OF_PEOPLE, {"after": after, "at_once": AT_ONCE}).fetchall()
    with read_session() as core:
        given = {"ids": [message_id for _, message_id in found], "import_id": import_id}
        ours = [id_ for (id_,) in driver(core).execute(OF_IMPORT, given)]
    connection.execute(TAKE, {"ids": ours, "import_id": import_id})
    last: UUID | None = found[-1][0] if found else None
    return last
