"""Scores keep the prompt versions and arms of the AI requests that they are about."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.imports.service.undo.undo import undo
from core.ingest.rows import RowSource
from core.platform.ids import new_id
from core.scores import ingest, service
from core.scores.schemas import NewScore
from core.system import jobs
from core.system.service.verification import verify
from tests.factories import imports
from tests.factories.conversations import conversation, stored
from tests.factories.history import days_ago

pytestmark = pytest.mark.usefixtures("database")

AT = days_ago(2)
Noted = tuple[list[str] | None, list[str] | None]
UNKNOWN: Noted = (None, None)
TOUCHED = {"since": AT.isoformat(), "until": AT.isoformat(), "environment": "production"}


def scored(**given: Any) -> None:  # noqa: ANN401  the fields of a score
    row = {"id": "s", "name": "tone", "value": 1, "created_at": AT, **given}
    with transaction() as session:
        ingest.store(session, [msgspec.convert(row, NewScore)], RowSource("production", "UTC"))


def request(id_: str = "q", version: str = "7", **given: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a request by a version of a prompt in an arm."""
    named = {
        "prompt": {"name": "support", "version": version},
        "experiment": {"key": "tone", "arm": "a"},
    }
    return {"id": id_, "model": "m", "created_at": AT.isoformat(), **named, **given}


def noted() -> Noted:
    """Return what is noted of the only score."""
    wanted = text("select request_versions, request_arms from message_scores")
    with transaction() as session:
        versions, arms = session.execute(wanted).one()
        return versions, arms


def due_in() -> timedelta | None:
    """Return in what time the only score is looked at again."""
    with transaction() as session:
        found: timedelta | None = session.scalar(
            text("select requests_due_at - now() from message_scores")
        )
        return found


def pass_time(hours: float) -> None:
    """Let the only score be older."""
    later = (
        "update message_scores set received_at = received_at - :passed, "
        "requests_due_at = requests_due_at - :passed"
    )
    with transaction() as session:
        session.execute(text(later), {"passed": timedelta(hours=hours)})


def test_a_score_has_the_version_and_arm_of_its_request() -> None:
    imports.send("request", request())
    scored(ai_request_id="q")
    assert service.note_requests() == 1
    assert (noted(), due_in()) == ((["support@7"], ["tone:a"]), None)


def test_a_request_without_a_version_is_told_from_none() -> None:
    imports.send("request", request(prompt=None, experiment=None))
    scored(ai_request_id="q")
    service.note_requests()
    assert noted() == ([], [])


def test_a_request_that_arrives_after_its_score_is_found_later() -> None:
    scored(ai_request_id="q")
    service.note_requests()
    imports.send("request", request())
    assert service.note_requests() == 0
    assert noted() == UNKNOWN
    pass_time(hours=1)
    assert service.note_requests() == 1
    assert noted() == (["support@7"], ["tone:a"])


def test_looks_get_rarer_and_end_after_a_day() -> None:
    scored(ai_request_id="q")
    service.note_requests()
    pass_time(hours=3)
    service.note_requests()
    assert due_in() == pytest.approx(timedelta(hours=3), abs=timedelta(minutes=1))
    pass_time(hours=22)
    service.note_requests()
    assert due_in() is None
    imports.send("request", request())
    assert service.note_requests() == 0
    jobs.note_touched({"kinds": ["ai_requests"], **TOUCHED})
    service.note_requests()
    assert noted() == (["support@7"], ["tone:a"])


def test_a_message_has_the_versions_of_all_requests_that_answered_with_it() -> None:
    stored(conversation("c"))
    scored(conversation_id="c", message_id="m1")
    for number, version in enumerate("78"):
        answer = {"conversation_id": "c", "message_id": "m1"}
        imports.send("request", request(f"q{number}", version, **answer))
        service.note_requests()
        pass_time(hours=1)
    assert noted() == (["support@7", "support@8"], ["tone:a"])


def test_a_score_that_changes_its_subject_has_the_version_of_the_new_one() -> None:
    imports.send("request", request(), request("r", "8"))
    scored(ai_request_id="q")
    service.note_requests()
    scored(ai_request_id="r", created_at=AT + timedelta(hours=1))
    assert noted() == UNKNOWN
    service.note_requests()
    assert noted() == (["support@8"], ["tone:a"])


def test_a_score_that_only_changes_keeps_the_version_of_a_deleted_request() -> None:
    imports.send("request", request())
    scored(ai_request_id="q")
    service.note_requests()
    with transaction() as session:
        session.execute(text("delete from ai_request_metrics"))
    scored(ai_request_id="q", value=0.5, created_at=AT + timedelta(hours=1))
    service.note_requests()
    assert noted() == (["support@7"], ["tone:a"])


@pytest.mark.parametrize(
    "subject", [{"ai_request_id": "q"}, {"conversation_id": "c", "message_id": "m1"}]
)
def test_undoing_the_import_of_a_request_forgets_its_version(subject: dict[str, str]) -> None:
    stored(conversation("c"))
    ours = new_id()
    answer = request(conversation_id="c", message_id="m1")
    imports.send("request", answer, import_id=ours)
    scored(**subject)
    service.note_requests()
    assert noted() == (["support@7"], ["tone:a"])
    undo(ours)
    service.note_requests()
    assert noted() == UNKNOWN


@pytest.mark.parametrize("harm", ["request_versions = '{x}'", "request_arms = null"])
def test_verification_finds_a_wrong_version(harm: str) -> None:
    imports.send("request", request())
    scored(ai_request_id="q")

    def wrong() -> dict[str, int]:
        return {each.table: each.differences for each in verify.verify() if each.differences}

    assert wrong() == {}
    with transaction() as session:
        session.execute(text(f"update message_scores set {harm}"))
    assert wrong() == {"message_scores": 1}


def test_verification_names_each_score_with_a_wrong_version() -> None:
    imports.send("request", request())
    for number in range(5):
        scored(id=f"s{number}", ai_request_id="q")
    service.note_requests()
    with transaction() as session:
        session.execute(text("update message_scores set request_versions = '{x}'"))
    found = next(each for each in verify.verify() if each.differences)
    stored_and_computed = "stored ({x},{tone:a}), computed ({support@7},{tone:a})"
    assert [stored_and_computed in example for example in found.examples] == [True] * 5
