"""Messages that join the review queue late, by escalation, or from before the first run."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from core.annotations import jobs
from core.annotations.service import enqueue
from core.annotations.settings import ReviewSettings
from core.database import settings
from core.database.db import transaction
from core.platform import clock
from tests.factories.annotations import rows, told
from tests.factories.conversations import message, stored

pytestmark = pytest.mark.usefixtures("database")
HOUR = timedelta(hours=1)
FAILED = {"error": "timeout"}


@pytest.fixture(autouse=True)
def _rules(database: object) -> None:
    with transaction() as core:
        settings.write(core, ReviewSettings(sample_share=0.0, double_share=0.0), by=None)


def say(
    conversation: str, number: int, *, ago: timedelta, status: str | None = None, **more: object
) -> None:
    said = message(number, created_at=(clock.now() - ago).isoformat(), **more)
    stored({"id": conversation, "messages": [said], **({"status": status} if status else {})})


def look() -> None:
    told()
    jobs.fill(0)


def joined() -> list[tuple[list[str], int]]:
    return [
        (row["reasons"], row["priority"])
        for row in rows("select reasons, priority from review_items order by message_at")
    ]


@pytest.mark.parametrize(
    "late",
    [
        timedelta(minutes=1),
        timedelta(minutes=14),
        timedelta(minutes=16),
        5 * HOUR,
        timedelta(days=29),
    ],
)
def test_an_answer_joins_however_late_it_comes(late: timedelta) -> None:
    say("c", 0, ago=timedelta(days=29, hours=1))
    look()
    say("c", 1, ago=late, **FAILED)
    look()
    assert joined() == [(["error"], 50)]


def test_an_answer_that_is_too_old_does_not_join_late_either() -> None:
    say("c", 0, ago=timedelta(days=31))
    look()
    say("c", 1, ago=timedelta(days=31), **FAILED)
    look()
    assert joined() == []


def test_what_is_said_again_does_not_join_again() -> None:
    say("c", 0, ago=HOUR)
    for _ in range(2):
        say("c", 1, ago=HOUR, **FAILED)
        look()
    assert len(joined()) == 1


def test_the_last_answer_before_somebody_waits_for_a_person_joins() -> None:
    for number in range(3):
        say("c", number, ago=(10 - number) * HOUR)
    say("c", 3, ago=HOUR)
    look()
    assert joined() == []
    stored(
        {
            "id": "c",
            "status": "waiting_human",
            "updated_at": clock.now().isoformat(),
            "messages": [],
        }
    )
    look()
    assert joined() == [(["escalated"], 40)]
    with transaction() as core:
        last = core.scalar(text("select id from messages where external_id = 'm3'"))
    assert [row["message_id"] for row in rows("select message_id from review_items")] == [last]


def test_a_conversation_that_comes_waiting_for_a_person_joins_with_its_other_reasons() -> None:
    say("c", 1, ago=HOUR, status="waiting_human", **FAILED)
    look()
    assert joined() == [(["error", "escalated"], 55)]


def test_what_a_person_says_then_does_not_join() -> None:
    say("c", 1, ago=2 * HOUR, status="waiting_human")
    look()
    say("c", 3, ago=timedelta(0), status="human")
    look()
    assert len(joined()) == 1


def test_nobody_joins_for_being_handed_over_without_an_answer() -> None:
    say("c", 0, ago=HOUR, status="waiting_human")
    look()
    assert joined() == []


def test_the_first_look_goes_back_thirty_days_and_the_next_goes_on_from_it() -> None:
    for days in (31, 29, 2):
        say(f"c{days}", 1, ago=timedelta(days=days), **FAILED)
    jobs.fill(0)
    assert len(joined()) == 2
    with transaction() as core:
        until = settings.read(core, enqueue.CheckedUntil).until
    assert until is not None
    assert until > clock.now() - HOUR
