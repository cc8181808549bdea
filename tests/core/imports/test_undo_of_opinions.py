"""A program's answer that an imported rating or score put into the review queue leaves it with the
undo of that import, unless something else speaks for its review.
"""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from core.annotations import jobs
from core.annotations.score_rules import ScoreRule
from core.annotations.settings import ReviewSettings
from core.database import settings
from core.database.db import Database, transaction
from core.imports.service.undo.undo import undo
from core.platform import clock
from core.platform.ids import new_id
from tests.factories.annotations import rows, told
from tests.factories.conversations import conversation, message, stored
from tests.factories.imports import send

pytestmark = pytest.mark.usefixtures("database")
HANDLER = jobs.look_at_scores.__name__  # the import registers the handler


def review_with(*, sample_share: float) -> None:
    rules = [ScoreRule(name="helpfulness", below=0.5)]
    review = ReviewSettings(sample_share=sample_share, double_share=0.0, score_rules=rules)
    with transaction() as core:
        settings.write(core, review, by=None)


@pytest.fixture(autouse=True)
def _talk(database: object) -> None:
    review_with(sample_share=0.0)
    began = clock.now() - timedelta(hours=2)
    said = [
        message(number, created_at=(began + timedelta(minutes=number)).isoformat())
        for number in range(4)
    ]
    stored(conversation() | {"messages": said})


def rated(name: str = "f", *, import_id: UUID | None = None) -> None:
    """Rate the first answer as bad."""
    given = {"id": name, "message_id": "m1", "conversation_id": "c", "rating": -1}
    send("feedback", given | {"scale": "thumbs"}, import_id=import_id)
    told()


def scored(name: str = "s", *, import_id: UUID | None = None) -> None:
    """Score the first answer low."""
    given = {"id": name, "message_id": "m1", "conversation_id": "c"}
    send("score", given | {"name": "helpfulness", "value": 0.1}, import_id=import_id)
    told()


def queued() -> list[tuple[list[str], int]]:
    told()
    found = rows("select reasons, priority from review_items")
    return [(row["reasons"], row["priority"]) for row in found]


def change(statement: str) -> None:
    with transaction(Database.AI) as ai:
        ai.execute(text(statement), {"at": clock.now() + timedelta(minutes=5)})


@pytest.mark.parametrize("tell", [rated, scored])
def test_answer_leaves_the_queue_with_the_only_reason(tell: Callable[..., None]) -> None:
    # Nothing speaks for its review any longer
    ours = new_id()
    tell(import_id=ours)
    assert len(queued()) == 1
    undo(ours)
    assert queued() == []


def test_answer_stays_for_the_other_reason_and_with_its_priority() -> None:
    ours = new_id()
    scored()
    alone = queued()
    rated(import_id=ours)
    assert queued() != alone
    undo(ours)
    assert queued() == alone == [(["score"], 55)]


@pytest.mark.parametrize("tell", [rated, scored])
def test_answer_stays_for_what_a_program_says_too(tell: Callable[..., None]) -> None:
    ours = new_id()
    tell(import_id=ours)
    tell("another")
    undo(ours)
    assert len(queued()) == 1


@pytest.mark.parametrize(
    "seen", ["reviews_done = 1", "claimed_by = gen_random_uuid(), claimed_until = :at"]
)
def test_answer_that_somebody_reviews_stays(seen: str) -> None:
    ours = new_id()
    rated(import_id=ours)
    change(f"update review_items set {seen}")
    undo(ours)
    assert len(queued()) == 1


def test_answer_that_attune_itself_scored_low_stays() -> None:
    ours = new_id()
    scored("own")
    with transaction() as core:
        core.execute(text("update message_scores set source = 'judge', name = 'own scorer'"))
    scored(import_id=ours)
    undo(ours)
    assert len(queued()) == 1


@pytest.mark.parametrize("tell", [rated, scored])
def test_answer_of_the_sample_stays_as_one_of_it(tell: Callable[..., None]) -> None:
    review_with(sample_share=1.0)
    ours = new_id()
    tell(import_id=ours)
    assert queued() != [(["sample"], 10)] * 2
    undo(ours)
    assert queued() == [(["sample"], 10)] * 2
