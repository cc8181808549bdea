"""Feedback with its figures and its conversation, over HTTP."""

import csv
import io
from datetime import timedelta
from typing import Any

import httpx2

from tests.api.review.conftest import FEEDBACK, NOW, store
from tests.factories.conversations import stored


def answered(name: str, model: str, *ratings: tuple[int, str | None], **more: Any) -> None:  # noqa: ANN401
    """Store a conversation with an answer, and what was thought of the answer."""
    said = [
        {"id": "q", "role": "user", "content": "x", "created_at": NOW.isoformat()},
        {
            "id": "a",
            "role": "assistant",
            "content": "y",
            "model": model,
            "created_at": NOW.isoformat(),
        },
    ]
    stored({"id": name, "title": f"About {name}", "user_id": f"user of {name}", "messages": said})
    about = {
        "conversation_id": name,
        "message_id": "a",
        "user_id": f"user of {name}",
        "created_at": NOW.isoformat(),
    }
    store(
        "feedback",
        *({**about, "rating": rating, "scale": scale, **more} for rating, scale in ratings),
    )


def test_ratings_are_counted_by_one_rule_by_day_and_by_model(reviewer: httpx2.Client) -> None:
    for_one = ((1, None), (-1, None), (5, None), (4, None), (1, "five"))
    answered("one", "small", *for_one, *for_one)
    answered("two", "large", (3, None), (3, None), comment="so so", edited_text="z")
    stats = reviewer.get(f"{FEEDBACK}/stats").json()
    assert [stats[name] for name in ("rated", "positive", "neutral", "negative")] == [12, 6, 2, 4]
    assert (stats["ratio"], stats["with_comment"], stats["with_edit"]) == (0.5, 2, 2)
    # Wilson's interval of 6 in 12; of fewer than ten there is none
    assert (round(stats["low"], 4), round(stats["high"], 4)) == (0.2538, 0.7462)
    small, large = stats["models"]
    assert (small["model"], small["rated"], small["positive"]) == ("small", 10, 6)
    assert (large["model"], large["rated"], large["positive"]) == ("large", 2, 0)
    assert round(small["low"], 4) == 0.3127
    assert (large["low"], large["high"]) == (None, None)
    assert sum(day["rated"] for day in stats["days"]) == 12
    assert len(stats["days"]) == 30
    assert stats["previous"]["rated"] == 0
    assert stats["previous"]["ratio"] is None


def test_ratings_are_counted_by_prompt_version_and_release(reviewer: httpx2.Client) -> None:
    # A fall of positive feedback led here, and no figure told which version it came with
    at = NOW.isoformat()
    for name, version, release, rating in (
        ("one", "7", "4.1", 1),
        ("two", "8", "4.2", -1),
        ("three", "8", "4.2", -1),
        ("four", None, "", 1),
    ):
        prompt = {"prompt": {"name": "orders", "version": version}} if version else {}
        answer = {"id": "a", "role": "assistant", "content": "y", "created_at": at} | prompt
        stored({"id": name, "release": release, "messages": [answer]})
        rated = {"conversation_id": name, "rating": rating, "created_at": at}
        # Of one answer, and of a whole conversation
        store("feedback", rated | {"message_id": "a"}, rated)
    stats = reviewer.get(f"{FEEDBACK}/stats").json()
    for field, values in (
        ("prompt_versions", ["orders@8", "", "orders@7"]),
        ("releases", ["4.2", "", "4.1"]),
    ):
        counted = [(each["value"], each["rated"], each["ratio"]) for each in stats[field]]
        assert counted == list(zip(values, (4, 2, 2), (0, 1, 1), strict=True))


def test_feedback_knows_its_conversation_and_is_narrowed(reviewer: httpx2.Client) -> None:
    answered("one", "small", (1, None))
    answered("two", "large", (-1, None), comment="100% wrong")
    store(
        "feedback",
        {
            "conversation_id": "nobody",
            "rating": 1,
            "created_at": (NOW - timedelta(days=40)).isoformat(),
        },
    )
    items = reviewer.get(FEEDBACK).json()["items"]
    assert {
        (
            each["conversation_external_id"],
            each["conversation_title"],
            each["model"],
            each["opinion"],
        )
        for each in items
    } == {
        ("one", "About one", "small", "positive"),
        ("two", "About two", "large", "negative"),
    }
    for query, found in (
        ({"rating": "negative"}, 1),
        ({"q": "100%"}, 1),
        ({"q": "%wrong_"}, 0),
        ({"has": "comment"}, 1),
        ({"has": "edited_text"}, 0),
        ({"user_id": "user of one"}, 1),
        ({"environment": "staging"}, 0),
        ({"days": "60"}, 3),
    ):
        assert reviewer.get(FEEDBACK, params=query).json()["total_count"] == found, query
    [unknown] = [
        each
        for each in reviewer.get(FEEDBACK, params={"days": 60}).json()["items"]
        if each["user_id"] is None
    ]
    assert (unknown["conversation_external_id"], unknown["model"]) == (None, None)
    rows = list(
        csv.DictReader(io.StringIO(reviewer.get(f"{FEEDBACK}?format=csv&rating=negative").text))
    )
    assert [row["comment"] for row in rows] == ["100% wrong"]
