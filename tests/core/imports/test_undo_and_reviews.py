"""An undo takes items of the queue with their messages; what people have said of a file's messages
stays, of made-up ones not.
"""

from uuid import UUID

import pytest
from sqlalchemy import text

from core.annotations import jobs
from core.database.db import Database, transaction
from core.imports.ingest import generators
from core.imports.ingest.generators import Generated
from core.imports.models import Import
from core.imports.schemas import ImportStatus
from core.imports.service.undo.undo import UndoProgress, undo
from core.ingest.rows import RowSource
from core.platform import clock
from core.platform.ids import new_id
from tests.factories import imports
from tests.factories.annotations import rows, take_old_messages, told
from tests.factories.conversations import START, conversation, message, stored
from tests.factories.reviews import annotated, message_id

pytestmark = pytest.mark.usefixtures("database")
MADE = "made-up"
DRAFT = (
    "insert into ai_annotation_drafts (account_id, message_id, fields) values (gen_random_uuid(), "
    ":id, '{}')"
)


@pytest.fixture
def ours() -> UUID:
    """Return the id of the import that is undone."""
    take_old_messages()
    assert jobs.look_at_conversations is not None  # registered with the outbox
    return new_id()


def send(import_id: UUID | None, name: str = "c", **of_answer: object) -> None:
    """Store a conversation whose answer has failed, and is due for that."""
    source = RowSource(environment="production", zone="UTC", import_id=import_id, origin="import")
    said = [message(0), message(1, error="timeout", **of_answer)]
    stored({**conversation(name), "messages": said}, source=source)


def noted(id_: UUID, format_: str) -> None:
    """Note an import by its format."""
    with transaction() as core:
        core.add(
            Import(
                id=id_,
                name="x",
                size_bytes=0,
                sha256="0" * 64,
                status=ImportStatus.UNDOING,
                mapping={"format": format_},
                started_at=clock.now(),
                created_by_name="x",
            )
        )


def in_queue() -> list[str | None]:
    with transaction() as core:
        talks: dict[UUID, str] = dict(
            core.execute(text("select id, external_id from conversations")).all()
        )
    return [
        talks.get(row["conversation_id"])
        for row in rows("select conversation_id from review_items order by message_id")
    ]


def while_others_tell(_: UndoProgress) -> None:
    told()


def test_items_go_with_their_messages_though_the_undo_itself_lets_conversations_be_looked_at(
    ours: UUID,
) -> None:
    send(ours)
    disliked = {
        "id": "f",
        "message_id": "m1",
        "conversation_id": "c",
        "rating": -1,
        "scale": "thumbs",
    }
    imports.send("feedback", disliked | {"created_at": START.isoformat()}, import_id=ours)
    send(None, "another")
    told()
    assert sorted(filter(None, in_queue())) == ["another", "c"]
    assert undo(ours, while_others_tell).rows["review_items"] == 1
    told()
    assert in_queue() == ["another"]


def test_an_item_whose_message_somebody_else_has_changed_since_stays_with_it(ours: UUID) -> None:
    theirs = new_id()
    send(ours)
    told()
    send(theirs, content="as another file has it")
    undo(ours, while_others_tell)
    assert in_queue() == ["c"]
    assert [row["import_id"] for row in rows("select import_id from review_items")] == [theirs]
    undo(theirs, while_others_tell)
    assert in_queue() == []


def test_an_item_whose_message_was_there_before_stays(ours: UUID) -> None:
    send(None)
    send(ours, content="as a file has it")
    told()
    assert undo(ours, while_others_tell).rows.get("review_items") is None
    assert in_queue() == ["c"]
    assert [row["import_id"] for row in rows("select import_id from review_items")] == [None]


def test_what_people_have_said_of_a_file_stays(ours: UUID) -> None:
    send(ours)
    annotated("m1")
    noted(ours, "csv")
    undo(ours)
    assert len(rows("select from ai_admin_annotations")) == 1


def test_what_people_have_said_of_made_up_messages_goes_with_them(
    ours: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Generated((), lambda *_: None, lambda _: None)
    monkeypatch.setitem(generators._generators, MADE, lambda _: made)  # noqa: SLF001  no other way to have one
    send(ours)
    send(None, "another")
    told()
    annotated("m1")
    annotated("m1", "another")
    with transaction(Database.AI) as ai:
        for name in ("c", "another"):
            ai.execute(text(DRAFT), {"id": message_id(conversation=name)})
    noted(ours, MADE)
    undo(ours, while_others_tell)
    left = [message_id(conversation="another")]
    assert [
        row["message_id"] for row in rows("select message_id from ai_admin_annotations")
    ] == left
    assert [
        row["message_id"] for row in rows("select message_id from ai_annotation_drafts")
    ] == left
