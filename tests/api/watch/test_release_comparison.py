"""Two releases side by side: requests by their release, quality by that of the conversation."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx2
import msgspec
import pytest

from core.database.db import Database, transaction
from core.knowledge.feedback import ingest as feedback
from core.knowledge.schemas import NewFeedback
from core.platform import clock
from core.scores import ingest as scores
from core.scores.schemas import NewScore
from tests.factories import conversations
from tests.factories.ai_metrics import request, send
from tests.factories.conversations import stored
from tests.factories.reviews import annotated

NOW = clock.now().replace(minute=5, second=0, microsecond=0) - timedelta(hours=2)
PATH = "/admin/ai/release-comparison"
Figures = dict[str, Any]


def got(client: httpx2.Client, **query: str) -> Any:  # noqa: ANN401  any JSON
    answer = client.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def figures(found: dict[str, Any]) -> Figures:
    """Return the earlier and the later value, and the verdict, by name."""
    return {row["name"]: (row["before"], row["value"], row["verdict"]) for row in found["items"]}


def requested(release: str, ago: timedelta, count: int, **given: Any) -> None:  # noqa: ANN401
    send(
        *(
            request(NOW - ago - timedelta(seconds=each), release=release, **given)
            for each in range(count)
        )
    )


def judged(name: str, release: str, rating: int, verdict: str, score: float) -> None:
    """Store a conversation of a release with a rating, an annotation and a score."""
    at = (NOW - timedelta(hours=1)).isoformat()
    answer = conversations.message(1, role="assistant", created_at=at)
    stored({"id": name, "release": release, "messages": [answer]})
    given = {"id": name, "message_id": "m1", "conversation_id": name, "created_at": NOW}
    rated = msgspec.convert({**given, "rating": rating}, NewFeedback)
    scored = msgspec.convert({**given, "name": "helpful", "value": score}, NewScore)
    with transaction(Database.AI) as ai:
        feedback.store(ai, [rated], conversations.SOURCE)
    with transaction() as session:
        scores.store(session, [scored], conversations.SOURCE)
    annotated("m1", name, annotation_type=verdict)


def test_requests_are_compared_by_their_release(analyst: httpx2.Client, database: object) -> None:
    requested("1", timedelta(hours=5), 20, cost_usd=Decimal("0.002"), total_latency_ms=300)
    requested("2", timedelta(hours=3), 30, cost_usd=Decimal("0.004"), total_latency_ms=900)
    requested("", timedelta(hours=1), 5, cost_usd=Decimal(1))
    found = got(analyst)
    assert (found["releases"], found["earlier"], found["later"]) == (["1", "2"], "1", "2")
    seen = figures(found)
    assert seen["requests"] == (20, 30, "unknown")
    assert seen["cost"] == (pytest.approx(2), pytest.approx(4), "worse")
    assert seen["p50_latency"] == (
        pytest.approx(300, rel=0.01),
        pytest.approx(900, rel=0.01),
        "worse",
    )
    assert seen["error_rate"] == (0, 0, "noise")
    assert figures(got(analyst, earlier="2", later="1"))["requests"][:2] == (30, 20)
    assert figures(got(analyst, release="2"))["requests"][:2] == (20, 30)


def test_quality_is_that_of_a_releases_conversations(
    analyst: httpx2.Client, database: object
) -> None:
    requested("1", timedelta(hours=5), 1, model="a")
    requested("2", timedelta(hours=3), 1, model="a")
    judged("a", "1", 1, "approved", 0.9)
    judged("b", "1", 1, "approved", 0.7)
    judged("c", "2", 1, "correction", 0.5)
    judged("d", "2", -1, "correction", 0.3)
    seen = figures(got(analyst))
    assert seen["positive"] == (1, 0.5, "unknown")
    assert seen["approved"] == (1, 0, "unknown")
    assert seen["score.helpful"] == (pytest.approx(0.8), pytest.approx(0.4), "unknown")
    assert "positive" not in figures(got(analyst, model="a"))


def test_equal_scores_show_no_difference_for_sure(analyst: httpx2.Client, database: object) -> None:
    # Ten scores of 1 had an interval from 1 to 1, so that 0.9 was different for certain
    for release, score in (("1", 1.0), ("2", 0.9)):
        requested(release, timedelta(hours=5 - int(release)), 1)
        for number in range(10):
            judged(f"{release} {number}", release, 1, "approved", score)
    assert figures(got(analyst))["score.helpful"] == (1, pytest.approx(0.9), "unknown")


def test_a_period_without_two_releases_has_no_comparison(
    analyst: httpx2.Client, database: object
) -> None:
    requested("1", timedelta(hours=5), 3)
    assert got(analyst) is None


def named(found: dict[str, Any]) -> tuple[str, str]:
    return found["earlier"], found["later"]


def test_the_latest_release_is_the_one_first_seen_last_also_before_the_period(
    analyst: httpx2.Client, database: object
) -> None:
    # By its first request in the period, the older of two could be the latest
    requested("1.0", timedelta(days=20), 1)
    requested("1.1", timedelta(days=15), 1)
    requested("1.1", timedelta(hours=5), 2)
    requested("1.0", timedelta(hours=3), 2)
    found = got(analyst, days="7")
    assert found["releases"] == ["1.0", "1.1"]
    assert named(found) == ("1.0", "1.1")


def test_a_release_is_as_old_as_it_is_in_the_app_of_the_filters(
    analyst: httpx2.Client, database: object
) -> None:
    requested("1", timedelta(days=20), 1, app="other")
    requested("2", timedelta(hours=5), 1, app="shop")
    requested("1", timedelta(hours=3), 1, app="shop")
    assert named(got(analyst, app="shop")) == ("2", "1")
    assert got(analyst)["releases"] == ["1", "2"]


def test_a_release_is_compared_with_the_one_just_before_it_and_the_first_with_the_next(
    analyst: httpx2.Client, database: object
) -> None:
    for number in range(3):
        requested(f"1.{number}", timedelta(hours=9 - number), 1)
    assert named(got(analyst)) == ("1.1", "1.2")
    assert named(got(analyst, later="1.1")) == ("1.0", "1.1")
    assert named(got(analyst, later="1.0")) == ("1.1", "1.0")
    assert named(got(analyst, later="1.1", earlier="1.1")) == ("1.0", "1.1")


def test_the_release_before_is_one_of_the_same_app(
    analyst: httpx2.Client, database: object
) -> None:
    # With another app's release as its baseline, a release was "worse" by 35 points
    for hours, (app, release) in enumerate(
        [("web", "4.2"), ("shop", "1"), ("web", "4.1"), ("shop", "0.9")], 1
    ):
        requested(release, timedelta(hours=hours), 1, app=app)
    assert got(analyst)["releases"] == ["0.9", "4.1", "1", "4.2"]
    assert named(got(analyst)) == ("4.1", "4.2")
    assert named(got(analyst, later="1")) == ("0.9", "1")
    assert named(got(analyst, earlier="0.9")) == ("0.9", "1")
    assert named(got(analyst, earlier="1", later="4.2")) == ("1", "4.2")
    requested("5", timedelta(minutes=5), 1, app="new")
    assert named(got(analyst)) == ("4.2", "5")


def test_a_given_earlier_release_is_compared_with_the_latest_other_one(
    analyst: httpx2.Client, database: object
) -> None:
    for number in range(3):
        requested(f"1.{number}", timedelta(hours=9 - number), 1)
    assert named(got(analyst, earlier="1.0")) == ("1.0", "1.2")
    assert named(got(analyst, earlier="1.2")) == ("1.2", "1.1")
    assert named(got(analyst, earlier="unknown")) == ("1.1", "1.2")
