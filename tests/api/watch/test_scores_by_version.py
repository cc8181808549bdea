"""Scores by prompt version: figures side by side, and the filter of their trend."""

from datetime import timedelta
from typing import Any

import httpx2
import msgspec
import pytest

from core.database.db import transaction
from core.platform import clock
from core.scores import ingest as scores
from core.scores import service
from core.scores.schemas import NewScore
from tests.factories import conversations
from tests.factories.ai_metrics import request, send
from tests.factories.conversations import stored

NOW = clock.now().replace(minute=5, second=0, microsecond=0) - timedelta(hours=2)


def scored(name: str, **given: Any) -> None:  # noqa: ANN401  the fields of a score
    row = {"name": name, "created_at": NOW, "id": f"{name} {given}", **given}
    with transaction() as session:
        scores.store(session, [msgspec.convert(row, NewScore)], conversations.SOURCE)


@pytest.fixture
def versions(database: object) -> None:
    """Store scores of requests, messages and conversations that two versions answered."""
    send(
        *(
            request(NOW, id=f"q{version}", prompt_name="support", prompt_version=version)
            for version in "78"
        )
    )
    at = (NOW - timedelta(hours=1)).isoformat()
    for number in range(12):
        answer = conversations.message(
            1,
            role="assistant",
            created_at=at,
            prompt={"name": "support", "version": "7" if number < 11 else "8"},
        )
        stored({"id": f"c{number}", "messages": [answer]})
        scored("helpful", value=number / 10, message_id="m1", conversation_id=f"c{number}")
    scored("helpful", value=1, ai_request_id="q7")
    scored("tone", label="kind", conversation_id="c3")
    scored("tone", label="rude", conversation_id="c11")
    service.note_requests()


@pytest.mark.usefixtures("versions")
def test_each_version_has_a_figure_of_each_score_name(analyst: httpx2.Client) -> None:
    rows = analyst.get("/admin/ai/prompt-versions").json()["items"]
    found = {row["prompt_version"]: row["scores"] for row in rows}
    helpful, tone = found["support@7"]
    assert (helpful["name"], helpful["n"]) == ("helpful", 12)
    assert helpful["value"] == pytest.approx((sum(range(11)) / 10 + 1) / 12)
    assert helpful["low"] < helpful["value"] < helpful["high"]
    assert (tone["name"], tone["label"], tone["low"], tone["n"]) == ("tone", "kind", None, 1)
    few, rude = found["support@8"]
    assert (few["value"], few["low"], few["n"]) == (1.1, None, 1)
    assert (rude["label"], rude["value"]) == ("kind", 0.0)
    assert "helpful" in analyst.get("/admin/ai/prompt-versions?format=csv").text


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize(("version", "count"), [("support@7", 13), ("support@8", 2), ("(none)", 0)])
def test_scores_are_filtered_by_the_version_of_what_they_are_about(
    analyst: httpx2.Client, version: str, count: int
) -> None:
    asked = {"prompt_version": version}
    assert analyst.get("/admin/ai/scores", params=asked).json()["total_count"] == count
    names = analyst.get("/admin/ai/scores/stats", params=asked).json()["names"]
    assert sum(each["scores"] for each in names) == count


@pytest.mark.usefixtures("versions")
def test_the_filter_finds_as_many_scores_as_the_figure_of_a_version_has(
    analyst: httpx2.Client,
) -> None:
    at = (NOW - timedelta(hours=1)).isoformat()
    by_8 = {"prompt": {"name": "support", "version": "8"}}
    for talk, named in (("d", by_8), ("e", {})):
        answers = [
            conversations.message(number, created_at=at, role="assistant", **more)
            for number, more in ((1, named), (2, {}))
        ]
        stored({"id": talk, "messages": answers})
    said = {"conversation_id": "e", "message_id": "m1"}
    send(request(NOW, id="e7", prompt_name="support", prompt_version="7", **said), request(NOW))
    # Of an answer and a request that name no version, of an answer whose request does, and of none
    scored("helpful", value=1, conversation_id="d", message_id="m2")
    send(request(NOW, id="d2", conversation_id="d"))
    scored("helpful", value=1, conversation_id="d", ai_request_id="d2")
    scored("helpful", value=1, **said)
    scored("helpful", value=1, conversation_id="e", message_id="m2")
    service.note_requests()
    rows = analyst.get("/admin/ai/prompt-versions").json()["items"]
    counted = {row["prompt_version"]: sum(each["n"] for each in row["scores"]) for row in rows}
    assert counted == {"support@7": 14, "support@8": 4, None: 1}
    for version, count in counted.items():
        asked = {"prompt_version": version or "(none)"}
        assert analyst.get("/admin/ai/scores", params=asked).json()["total_count"] == count
