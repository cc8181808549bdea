"""Feedback that changes an earlier rating takes answers off the review queue, too."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from core.database.db import transaction
from tests.factories import imports
from tests.factories.annotations import rows, take_old_messages, told
from tests.factories.conversations import START, conversation, message, stored

pytestmark = pytest.mark.usefixtures("database")
RATINGS = text("select user_rating from conversations order by external_id")


def failed(name: str) -> None:
    """Store a conversation whose answer is in the queue for its error."""
    take_old_messages()
    stored({**conversation(name), "messages": [message(0), message(1, error="timeout")]})


def rate(rating: int, minute: int, conversation_id: str = "c") -> None:
    """Send the state of one piece of feedback on the answer."""
    about = {"message_id": "m1", "conversation_id": conversation_id}
    at = (START + timedelta(minutes=minute)).isoformat()
    state = {"id": "f", "rating": rating, "scale": "thumbs", "created_at": at}
    imports.send("feedback", about | state, import_id=None)
    told()


def reasons() -> list[tuple[list[str], int]]:
    found = rows("select reasons, priority from review_items order by priority desc")
    return [(each["reasons"], each["priority"]) for each in found]


def test_an_answer_is_not_rated_low_once_its_user_has_changed_the_rating() -> None:
    failed("c")
    rate(-1, 1)
    assert reasons() == [(["error", "rated_low"], 75)]
    rate(1, 2)
    assert reasons() == [(["error"], 50)]


def test_feedback_that_is_sent_again_stays_in_the_queue() -> None:
    failed("c")
    rate(-1, 1)
    rate(-1, 2)
    assert reasons() == [(["error", "rated_low"], 75)]


def test_feedback_that_moves_to_another_conversation_leaves_its_former_one() -> None:
    failed("c")
    failed("d")
    rate(-1, 1)
    rate(-1, 2, "d")
    assert reasons() == [(["error", "rated_low"], 75), (["error"], 50)]
    with transaction() as core:
        assert core.scalars(RATINGS).all() == [None, -1]
