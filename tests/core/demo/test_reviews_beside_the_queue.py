"""Loading the demo and the rules of the queue store the same items at once without a deadlock."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import text

from core.annotations.schemas import AnnotationType, ItemState, QueueReason
from core.database.db import Database, Session, transaction
from core.demo.ingest import demo_annotations
from core.demo.schemas import DemoNote, DemoReview
from core.ingest.rows import key_of, message_name
from core.platform.ids import new_id
from tests.factories.activity import minutes
from tests.factories.conversations import stored

pytestmark = pytest.mark.usefixtures("database")
# In the order of their keys, in which the rules queue them
ANSWERS = sorted(("m01", "m02"), key=lambda id_: key_of("message", message_name("talk", id_)))
QUEUE = text("""
insert into review_items (id, message_id, conversation_id, environment, message_role, message_at)
values (:id, :message, :conversation, 'production', 'assistant', now())
on conflict do nothing""")
WAITERS = text("select count(*) from pg_locks where not granted")


def review(message: str) -> DemoReview:
    at = datetime.fromisoformat(minutes(60).isoformat())
    notes = [DemoNote("Ada (demo)", AnnotationType.APPROVED, "", at)]
    return DemoReview("talk", message, [QueueReason.SAMPLE], 10, ItemState.DONE, 1, notes)


def queue(ai: Session, message: str) -> None:
    ids = {
        "id": new_id(),
        "message": key_of("message", message_name("talk", message)),
        "conversation": key_of("conversation", "talk"),
    }
    ai.execute(QUEUE, ids)


def store(*reviews: DemoReview) -> None:
    with transaction() as core, transaction(Database.AI) as ai:
        demo_annotations.store(core, ai, new_id(), reviews)


def wait_for_waiter() -> None:
    gives_up = time.monotonic() + 30
    while time.monotonic() < gives_up:
        with transaction(Database.AI) as ai:
            if ai.scalar(WAITERS):
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits for the other")


def test_reviews_in_any_order_wait_for_the_rules_that_queue_the_same_answers() -> None:
    # In the order of the file they locked up with a rule, and Postgres ended one of the two
    messages = [
        {"id": id_, "role": "assistant", "content": "x", "created_at": minutes(place).isoformat()}
        for place, id_ in enumerate(ANSWERS)
    ]
    stored({"id": "talk", "messages": messages})
    with ThreadPoolExecutor(1) as other:
        with transaction(Database.AI) as ai:
            queue(ai, ANSWERS[0])
            storing = other.submit(store, *map(review, reversed(ANSWERS)))
            wait_for_waiter()
            queue(ai, ANSWERS[1])
        storing.result(timeout=30)
    with transaction(Database.AI) as ai:
        assert ai.scalar(text("select count(*) from review_items where state = 'done'")) == 2
