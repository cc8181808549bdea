"""Reviews of the demo are stored once, with the items of the queue, whoever was there first;
conversations know of them.
"""

from datetime import datetime

import pytest
from sqlalchemy import text

from core.annotations import jobs
from core.annotations.schemas import AnnotationType, ItemState, QueueReason
from core.database.db import Database, transaction
from core.demo.ingest import demo_annotations
from core.demo.schemas import DemoNote, DemoReview
from core.jobs import outbox
from core.platform.ids import new_id
from tests.factories.activity import minutes
from tests.factories.conversations import stored

pytestmark = pytest.mark.usefixtures("database")
IMPORT = new_id()
QUEUED = (
    "insert into review_items (id, message_id, conversation_id, environment, message_role, "
    "message_at) "
)


@pytest.fixture(autouse=True)
def _talk() -> None:
    assert jobs.count is not None  # registered with the outbox
    said = [
        {"id": f"m0{place}", "role": role, "content": "x"}
        for place, role in enumerate(("user", "assistant"))
    ]
    stored(
        {
            "id": "talk",
            "messages": [each | {"created_at": at(place)} for place, each in enumerate(said)],
        }
    )


def at(place: int) -> str:
    return minutes(place).isoformat()


def review(message: str = "m01", conversation: str = "talk") -> DemoReview:
    first = datetime.fromisoformat(at(60))
    notes = [
        DemoNote("Ada (demo)", AnnotationType.APPROVED, "", first),
        DemoNote("Ben (demo)", AnnotationType.FLAG, "For the lead.", first, 2),
    ]
    return DemoReview(
        conversation, message, [QueueReason.SAMPLE], 10, ItemState.ADJUDICATION, 2, notes
    )


def store(*given: DemoReview) -> None:
    with transaction() as core, transaction(Database.AI) as ai:
        demo_annotations.store(core, ai, IMPORT, given)
    while outbox.relay(Database.CORE) + outbox.relay(Database.AI):
        pass


def kept(statement: str, database: Database = Database.AI) -> list[tuple[object, ...]]:
    with transaction(database) as session:
        return [tuple(row) for row in session.execute(text(statement))]


def test_they_are_stored_once_however_often_that_is_done() -> None:
    for _ in range(2):
        store(review())
    said = kept(
        "select round, annotation_type, author_name, import_id, message_role from "
        "ai_admin_annotations order by round"
    )
    assert [each[:2] for each in said] == [(1, "approved"), (2, "flag")]
    assert {each[3:] for each in said} == {(IMPORT, "assistant")}
    assert all(str(each[2]).endswith("(demo)") for each in said)
    assert kept("select state, reviews_wanted, reviews_done, import_id from review_items") == [
        ("adjudication", 2, 2, IMPORT)
    ]
    assert kept("select count(*) from review_passes") == [(2,)]
    assert kept("select annotation_count from conversations", Database.CORE) == [(2,)]


def test_an_item_that_has_joined_by_itself_is_theirs_unless_somebody_has_it() -> None:
    mine = kept(
        "select id, conversation_id, created_at from messages where external_id = 'm01'",
        Database.CORE,
    )[0]
    with transaction(Database.AI) as ai:
        given = dict(zip(("message", "conversation", "at"), mine, strict=True)) | {"id": new_id()}
        ai.execute(
            text(QUEUED + "values (:id, :message, :conversation, 'production', 'assistant', :at)"),
            given,
        )
    store(review())
    assert kept("select id, state from review_items") == [(given["id"], "adjudication")]
    assert kept("select distinct review_item_id from ai_admin_annotations") == [(given["id"],)]


def test_of_messages_that_are_gone_nothing_is_said() -> None:
    store(review("m07"), review("m01", "another"))
    assert kept("select count(*) from ai_admin_annotations") == [(0,)]
    store()
