"""A journey by day and session, with conversations and feedback; texts only with permission."""

from datetime import datetime, timedelta

import msgspec
import pytest
from sqlalchemy import text

from core.activity.queries import journeys
from core.conversations.errors import ConversationMissing
from core.database.db import Database, transaction
from core.database.paging import LARGEST_PAGE, Window
from core.embedded.postgres import Postgres
from core.errors import Forbidden
from core.identity.schemas import Actor, Role
from core.identity.service import sessions
from core.ingest.rows import key_of
from core.insights.queries.conversation_detail import read_conversation
from core.insights.queries.timeline import (
    OtherActivity,
    TimelineConversation,
    TimelineDay,
    TimelineFeedback,
    read_other_activity,
    timeline,
)
from core.knowledge.feedback import ingest as feedback
from core.knowledge.schemas import NewFeedback
from core.presentation.periods import Watched
from core.system import workspace
from tests.factories.activity import event, minutes, store
from tests.factories.conversations import SOURCE, stored
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("database")
WATCHED = Watched()
ANN = key_of("user", "ann")


@pytest.fixture
def admin(database: Postgres) -> Actor:
    return person(Role.ADMIN).actor


def talked(name: str, at: float, *, user: str = "ann") -> None:
    said = {
        "id": "1",
        "role": "user",
        "content": "my secret",
        "created_at": minutes(at).isoformat(),
    }
    stored(
        {
            "id": name,
            "user_id": user,
            "title": "About a secret",
            "created_at": minutes(at).isoformat(),
            "messages": [said],
        }
    )


def rated(name: str, at: float, rating: int) -> None:
    row = {
        "id": name,
        "user_id": "ann",
        "conversation_id": "c1",
        "rating": rating,
        "comment": "so so",
    }
    given = msgspec.convert([row | {"created_at": minutes(at).isoformat()}], list[NewFeedback])
    with transaction(Database.AI) as session:
        feedback.store(session, given, SOURCE)


def seen(actor: Actor, until: datetime | None = None) -> OtherActivity:
    with transaction() as core, transaction(Database.AI) as ai:
        return read_other_activity(core, ai, ANN, WATCHED, until, actor=actor)


def read(name: str, actor: Actor) -> list[str]:
    with transaction() as core, transaction(Database.AI) as ai:
        return [
            each.content
            for each in read_conversation(
                core, ai, name, Window(LARGEST_PAGE), actor=actor
            ).messages
        ]


def days(actor: Actor, zone: str = "UTC") -> list[TimelineDay]:
    with transaction() as session:
        found = journeys.read_journey(session, "ann", WATCHED, limit=100, actor=actor)
    return timeline(found.items, seen(actor), zone)


def test_conversations_and_feedback_stand_where_they_happened(admin: Actor) -> None:
    store(
        [
            event("a.first", minutes(0), user_id="ann", session_id="s1"),
            event("a.last", minutes(9), user_id="ann", session_id="s1"),
        ]
    )
    talked("c1", 2)
    talked("of somebody else", 3, user="bea")
    rated("f1", 4, -1)
    [day] = days(admin)
    [stretch] = day.stretches
    assert [type(entry).__name__ for entry, _ in stretch.entries] == [
        "JourneyEvent",
        "TimelineConversation",
        "TimelineFeedback",
        "JourneyEvent",
    ]
    assert [gap for _, gap in stretch.entries] == [None, 120, 120, 300]
    assert (day.events, stretch.session_id) == (2, "s1")


def test_each_day_of_the_zone_and_each_session_stands_apart(admin: Actor) -> None:
    late = minutes(0).replace(hour=23, minute=30)
    store(
        [
            event("a.one", late, user_id="ann", session_id="s1"),
            event("a.two", late + timedelta(minutes=1), user_id="ann", session_id="s2"),
            event("a.three", late + timedelta(hours=1), user_id="ann"),
        ]
    )
    assert [(day.events, len(day.stretches)) for day in days(admin)] == [(2, 2), (1, 1)]
    assert [(day.events, len(day.stretches)) for day in days(admin, "Europe/Berlin")] == [(3, 3)]


def test_what_was_done_without_a_name_is_marked(admin: Actor) -> None:
    store(
        [
            event("a.one", minutes(0), session_id="s1"),
            event("a.two", minutes(1), session_id="s1", user_id="ann", release="7"),
        ]
    )
    [day] = days(admin)
    assert [each.facts for each in day.stretches] == [
        ["session s1", "anonymous"],
        ["session s1", "release 7"],
    ]


def test_a_page_of_a_journey_has_what_came_before_its_last_event(admin: Actor) -> None:
    talked("c1", 1)
    talked("c2", 2)
    talked("c3", 3)
    assert [each.at for each in seen(admin, minutes(2)).talks] == [minutes(1), minutes(2)]
    assert len(seen(admin).talks) == 3


def test_a_journey_says_that_further_conversations_are_left_out(
    admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.insights.queries.timeline.MOST", 2)
    talked("c1", 1)
    talked("c2", 2)
    assert not seen(admin).is_cut
    talked("c3", 3)
    found = seen(admin)
    assert ([each.at for each in found.talks], found.is_cut) == ([minutes(1), minutes(2)], True)


def test_words_are_only_for_those_who_may_read_them(admin: Actor) -> None:
    talked("c1", 1)
    rated("f1", 2, 1)
    analyst = person(Role.ANALYST).actor
    assert [(each.title, each.message_count) for each in seen(analyst).talks] == [(None, 1)]
    assert [(each.comment, each.is_positive) for each in seen(analyst).opinions] == [(None, True)]
    assert [each.title for each in seen(admin).talks] == ["About a secret"]
    assert [each.comment for each in seen(admin).opinions] == ["so so"]
    with pytest.raises(Forbidden):
        read("c1", analyst)
    with pytest.raises(Forbidden):
        seen(person(Role.REVIEWER).actor)


def test_analysts_read_words_where_the_workspace_says_so(admin: Actor) -> None:
    talked("c1", 1)
    analyst = person(Role.ANALYST)

    def entered() -> Actor:
        with transaction() as session:
            return sessions.authenticate(session, analyst.token, analyst.actor.caller)

    assert [each.title for each in seen(entered()).talks] == [None]
    with transaction() as session:
        workspace.change(
            session, workspace.WorkspaceSettings(analysts_read_messages=True), actor=admin
        )
    assert [each.title for each in seen(entered()).talks] == ["About a secret"]
    assert read("c1", entered()) == ["my secret"]


def test_who_opens_a_conversation_is_written_down(admin: Actor) -> None:
    talked("c1", 1)
    assert read("c1", admin) == ["my secret"]
    with transaction() as session:
        noted = session.execute(
            text("select action, targets from audit_log where actor_id = :id"), {"id": admin.id}
        ).all()
        assert ("conversation.open", {"conversation": str(key_of("conversation", "c1"))}) in [
            tuple(each) for each in noted
        ]
    with pytest.raises(ConversationMissing):
        read("never", admin)


def test_of_nothing_there_are_no_days() -> None:
    assert timeline([], None, "UTC") == []
    talk = TimelineConversation(
        id=ANN, at=minutes(0), title=None, message_count=1, escalated_at=None
    )
    opinion = TimelineFeedback(
        id=ANN,
        at=minutes(1),
        rating=5,
        scale="five",
        is_positive=True,
        conversation_id=None,
        comment=None,
    )
    [day] = timeline([], OtherActivity(talks=[talk], opinions=[opinion], is_readable=False), "UTC")
    assert (day.events, len(day.stretches), day.stretches[0].facts) == (0, 1, [])
