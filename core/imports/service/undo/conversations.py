"""Undo of an import's conversations, with their messages: what others said in them, or reported of
them, stays.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core.conversations.ingest import conversations as ingest
from core.conversations.ingest import messages
from core.database.staging import driver
from core.imports.service.undo import user_days
from core.imports.service.undo.reported_rows import KEPT, Image, MergedTable, RemainingRow
from core.imports.service.undo.whole_rows import MESSAGES
from core.ingest.rows import key_of

AT_ONCE = 500
UNKNOWN = dict.fromkeys(("user_name", "session_type", "title"))
CONVERSATIONS = MergedTable(
    "conversations",
    ingest.lock,
    UNKNOWN | {"status": "active", "context": {}, "environment": KEPT, "app": "", "release": ""},
)
OF_IMPORT = """
select id from messages where conversation_id = any(%(ids)s) and import_id = %(import_id)s
union
select row_id from import_traces join messages on messages.id = row_id
where kind = 'messages' and conversation_id = any(%(ids)s)
    and import_traces.import_id = %(import_id)s"""
FIRSTS = (
    "select conversation_id, min(created_at) from messages where conversation_id = any(%(ids)s) "
    "group by conversation_id"
)


def take_some(session: Session, import_id: UUID) -> dict[str, int] | None:
    """Take some conversations back; return how many of them and of their messages are gone, None
    when there were none.
    """
    connection = driver(session)
    ids, conversations = CONVERSATIONS.some(connection, import_id, at_once=AT_ONCE)
    if not ids:
        return None
    spoken = [id_ for (id_,) in connection.execute(OF_IMPORT, {"ids": ids, "import_id": import_id})]
    messages_gone = MESSAGES.take(session, import_id, spoken)
    firsts: dict[UUID, datetime] = dict(connection.execute(FIRSTS, {"ids": ids}).fetchall())
    left = [each for each in conversations if each.is_reported or each.id in firsts]
    images = {each.id: _image(each, import_id, firsts.get(each.id)) for each in left}
    gone = CONVERSATIONS.settle(connection, import_id, ids, images)
    messages.recount(connection, list(images))
    user_days.note_of(session, import_id, list(images))
    users = {each.present["user_id"] for each in conversations} | {
        str(image["user_id"]) for image in images.values()
    }
    user_days.forget_of(session, import_id, [UUID(id_) for id_ in sorted(users - {None, "None"})])
    return gone | {"messages": messages_gone}


def _image(left: RemainingRow, import_id: UUID, first: datetime | None) -> Image:
    image = CONVERSATIONS.image(left)
    name, owner = image.pop("user_name"), left.owner(import_id)
    source = "import" if owner else "api"
    if owner == left.present["import_id"]:
        source = left.present["source"]
    began = min(
        [*left.times(ingest.BEGAN_AT), *([first] if first else [])],
        default=left.present["created_at"],
    )
    user_id = key_of("user", name) if name is not None else None
    return image | {"user_id": user_id, "source": source, "import_id": owner, "created_at": began}
