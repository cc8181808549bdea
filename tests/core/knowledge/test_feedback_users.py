"""Feedback that names no user is that of its conversation's user."""

from datetime import datetime, timedelta

import pytest

from core.database.db import Database, transaction
from core.database.paging import Window
from core.embedded.postgres import Postgres
from core.identity.schemas import Actor, Role
from core.insights.queries import overview
from core.insights.schemas import WatchScope
from core.knowledge.feedback.queries import feedback_figures, feedback_list
from core.knowledge.views import FeedbackFilter, FeedbackView
from core.platform import clock
from core.presentation.periods import DAY, Period, Watched
from tests.factories import imports
from tests.factories.conversations import conversation, stored
from tests.factories.identity import person


@pytest.fixture
def actor(database: Postgres) -> Actor:
    return person(Role.REVIEWER).actor


@pytest.fixture
def at(database: Postgres) -> datetime:
    """Store feedback on two conversations; three name no user, and one another user."""
    at = clock.now() - timedelta(hours=1)
    stored(conversation("c"), conversation("d"))
    imports.send("user", {"id": "ann"})
    for name, talk, user in (
        ("1", "c", None),
        ("2", "d", None),
        ("3", "c", "ann"),
        ("4", "e", None),
    ):
        rated = {"id": name, "created_at": at.isoformat(), "conversation_id": talk, "rating": 1}
        imports.send("feedback", rated | ({"user_id": user} if user else {}))
    return at


def listed(at: datetime, actor: Actor, user: str | None) -> list[FeedbackView]:
    period = Period(at - timedelta(days=1), at + timedelta(days=1), "UTC")
    filters, watched = FeedbackFilter(), Watched(user_id=user)
    with transaction() as core, transaction(Database.AI) as ai:
        found = feedback_list.list_feedback(
            core, ai, filters, period, watched, window=Window(9), actor=actor
        )
        stats = feedback_figures.feedback_stats(core, ai, filters, period, watched, actor=actor)
    assert stats.rated == found.total_count == len(found.items)
    return found.items


def test_it_is_listed_with_the_conversations_user(at: datetime, actor: Actor) -> None:
    users = {each.external_id: each.user_external_id for each in listed(at, actor, None)}
    assert users == {"1": "user of c", "2": "user of d", "3": "ann", "4": None}


def test_a_filter_by_user_finds_it(at: datetime, actor: Actor) -> None:
    assert [each.external_id for each in listed(at, actor, "user of c")] == ["1"]
    assert [each.external_id for each in listed(at, actor, "ann")] == ["3"]
    assert listed(at, actor, "nobody") == []


@pytest.mark.parametrize(("user", "count"), [("user of c", 1), ("ann", 1), ("nobody", 0)])
def test_the_overview_counts_what_the_list_has_of_a_user(
    at: datetime, actor: Actor, user: str, count: int
) -> None:
    scope = WatchScope(Period(at - DAY, at + DAY), Watched(user_id=user))
    with transaction() as core, transaction(Database.AI) as ai:
        assert overview.count_feedback(core, ai, scope).rated == count
