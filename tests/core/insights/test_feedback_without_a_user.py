"""Feedback that names no user is in the journey of its conversation's user."""

import msgspec
import pytest

from core.database.db import Database, transaction
from core.identity.schemas import Role
from core.ingest.rows import key_of
from core.insights.queries import timeline
from core.insights.queries.timeline import read_other_activity
from core.knowledge.feedback import ingest as feedback
from core.knowledge.schemas import NewFeedback
from core.presentation.periods import Watched
from tests.factories.activity import minutes
from tests.factories.conversations import SOURCE, conversation, message, stored
from tests.factories.identity import person

ROWS = [
    {"id": "named", "user_id": "ann", "rating": 1},
    {"id": "of her conversation", "conversation_id": "ann's", "rating": 1},
    {"id": "of another user", "conversation_id": "ann's", "user_id": "bea", "rating": 1},
    {"id": "of another conversation", "conversation_id": "bea's", "rating": 1},
    {"id": "of none", "rating": 1},
]


@pytest.mark.usefixtures("database")
def test_feedback_without_a_user_is_in_the_journey_of_its_conversations_user() -> None:
    stored(conversation("ann's", user_id="ann"), conversation("bea's", user_id="bea"))
    rows = [row | {"created_at": minutes(1).isoformat()} for row in ROWS]
    with transaction(Database.AI) as ai:
        feedback.store(ai, msgspec.convert(rows, list[NewFeedback]), SOURCE)
    actor = person(Role.ANALYST).actor
    with transaction() as core, transaction(Database.AI) as ai:
        ann = key_of("user", "ann")
        found = read_other_activity(core, ai, ann, Watched(), None, actor=actor)
    wanted = {key_of("feedback", name) for name in ("named", "of her conversation")}
    assert {each.id for each in found.opinions} == wanted


@pytest.mark.usefixtures("database")
def test_it_is_there_where_its_conversation_is_beyond_those_that_are_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # It was looked for on the first 200 conversations only
    monkeypatch.setattr(timeline, "MOST", 1)
    later = conversation("later", user_id="ann") | {"messages": [message(9)]}
    stored(conversation("earlier", user_id="ann"), later)
    row = {"id": "on it", "conversation_id": "later", "rating": 1}
    rows = [row | {"created_at": minutes(10).isoformat()}]
    with transaction(Database.AI) as ai:
        feedback.store(ai, msgspec.convert(rows, list[NewFeedback]), SOURCE)
    actor = person(Role.ANALYST).actor
    with transaction() as core, transaction(Database.AI) as ai:
        ann = key_of("user", "ann")
        found = read_other_activity(core, ai, ann, Watched(), None, actor=actor)
    assert [each.id for each in found.talks] == [key_of("conversation", "earlier")]
    assert [each.id for each in found.opinions] == [key_of("feedback", "on it")]
