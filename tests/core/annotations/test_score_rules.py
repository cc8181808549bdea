"""Scores add answers to the review queue by the rules of the workspace."""

import time
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import text

from core.annotations import jobs
from core.annotations.score_rules import ScoreRule, of_line
from core.annotations.settings import ReviewSettings
from core.database import settings
from core.database.db import transaction
from core.platform import clock
from tests.factories.ai_metrics import request, send
from tests.factories.annotations import rows, told
from tests.factories.conversations import conversation, message, stored
from tests.factories.history import scored

pytestmark = pytest.mark.usefixtures("database")
HANDLER = jobs.look_at_scores.__name__  # the import registers the handler


@pytest.fixture(autouse=True)
def _rules(database: object) -> None:
    rules = [ScoreRule(name="helpfulness", below=0.5), ScoreRule(name="tone", label="rude")]
    review = ReviewSettings(sample_share=0.0, double_share=0.0, score_rules=rules)
    with transaction() as core:
        settings.write(core, review, by=None)


def talk(name: str = "c") -> None:
    began = clock.now() - timedelta(hours=2)
    said = [
        message(number, created_at=(began + timedelta(minutes=number)).isoformat())
        for number in range(4)
    ]
    stored(conversation(name) | {"messages": said})


def joined() -> list[tuple[str, list[str]]]:
    told()
    wanted = "select message_id, reasons from review_items"
    reasons = {row["message_id"]: row["reasons"] for row in rows(wanted)}
    with transaction() as core:
        named = core.execute(text("select id, external_id from messages order by position")).all()
    return [(name, reasons[id_]) for id_, name in named if id_ in reasons]


def test_a_low_score_adds_its_message_and_a_good_one_does_not() -> None:
    talk()
    scored("c", 0.4, clock.now(), message_id="m1")
    scored("c", 0.6, clock.now(), message_id="m3")
    assert joined() == [("m1", ["score"])]


def test_a_score_of_a_conversation_adds_its_last_answer() -> None:
    talk()
    scored("c", 1, clock.now(), name="tone", label="rude")
    assert joined() == [("m3", ["score"])]


def test_a_score_of_a_request_adds_the_message_of_the_request() -> None:
    talk()
    send(request(clock.now(), id="r", conversation_id="c", message_id="m1"))
    scored("c", 0.1, clock.now(), ai_request_id="r")
    assert joined() == [("m1", ["score"])]


def test_a_score_that_came_before_its_conversation_adds_the_message() -> None:
    scored("c", 0.4, clock.now(), message_id="m1")
    told()
    talk()
    assert joined() == [("m1", ["score"])]


def test_scores_of_other_names_and_old_scores_add_nothing() -> None:
    talk()
    scored("c", 0.1, clock.now(), name="speed")
    scored("c", 0.1, clock.now() - timedelta(days=31))
    assert joined() == []


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("helpfulness < 0.5", ScoreRule(name="helpfulness", below=0.5)),
        ("to be > -1", ScoreRule(name="to be", above=-1)),
        ("tone=very rude ", ScoreRule(name="tone", label="very rude")),
        ("\ttone = a < b", ScoreRule(name="tone", label="a < b")),
    ],
)
def test_a_rule_is_read_from_a_line_and_written_as_one(line: str, rule: ScoreRule) -> None:
    assert of_line(line) == rule
    assert of_line(str(rule)) == rule


@pytest.mark.parametrize("line", ["helpfulness", "< 0.5", "a < b", "a < nan", "a ="])
def test_a_line_without_a_condition_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="score rules"):
        of_line(line)


def test_a_line_of_spaces_takes_no_minutes() -> None:
    began = time.process_time()
    for line in ("a" + " " * 100_000 + "b", "a = b" + " " * 100_000 + "c"):
        with suppress(ValueError):
            of_line(line)
    assert time.process_time() - began < 5
