"""What the console says there is to find in the demo is there, where it leads."""

from datetime import datetime, timedelta
from statistics import fmean
from typing import Any

from core.annotations.schemas import ItemState
from core.demo.ingest.demo_annotations import read
from core.demo.stories import Story, stories
from core.imports.parsed import RowKind
from tests.core.demo.conftest import UNTIL, World


def leading_to(page: str) -> list[Story]:
    return [story for story in stories(UNTIL) if story.page == page]


def within(story: Story, row: dict[str, Any], field: str = "created_at") -> bool:
    start, end = (datetime.fromisoformat(story.query[name]) for name in ("start", "end"))
    return start <= datetime.fromisoformat(row[field]) < end


def test_the_slow_model_is_slow_within_the_hours_that_are_shown_and_not_at_their_ends(
    world: World,
) -> None:
    [story] = [each for each in leading_to("ai-metrics") if "model" in each.query]
    rows = [
        row
        for row in world.of(RowKind.AI_REQUESTS)
        if row["model"] == story.query["model"] and within(story, row)
    ]
    slow = [row for row in rows if (row.get("total_latency_ms") or 0) > 20_000]
    assert slow
    days = {row["created_at"][:10] for row in rows}
    assert min(days) < min(row["created_at"][:10] for row in slow)
    assert datetime.fromisoformat(story.query["end"]) > world.calendar.latency.end


def test_the_release_that_loses_people_is_shown_by_its_error(world: World) -> None:
    [story] = leading_to("onboarding")
    rows = [
        row
        for row in world.of(RowKind.EVENTS)
        if row.get("error_code") == story.query["error_code"]
    ]
    inside = [row for row in rows if within(story, row)]
    assert len(inside) > 0.9 * len(rows)
    assert {row["release"] for row in inside} == {"2.6.0"}


def test_the_batch_job_that_fails_is_shown_with_all_its_failures(world: World) -> None:
    [story] = leading_to("batch-history")
    runs = [row for row in world.of(RowKind.BATCH_RUNS) if row["batch_job"] == story.query["job"]]
    failed = [row for row in runs if row["status"] == "partial"]
    assert failed
    assert all(within(story, row, "started_at") for row in failed)


def test_where_reviewers_disagree_is_shown_with_what_nobody_has_decided_yet() -> None:
    [story] = leading_to("tuning")
    assert story.query["view"] == "summary"
    since = UNTIL - timedelta(days=int(story.query["days"]))
    twice = [each for each in read(UNTIL) if each.wanted == 2 and each.notes[-1].at >= since]
    differ = [each for each in twice if each.notes[0].kind is not each.notes[1].kind]
    assert len(twice) >= 100
    assert len(differ) >= 30
    assert any(each.state is ItemState.ADJUDICATION for each in differ)


def test_every_question_is_asked_once_and_names_days() -> None:
    asked = stories(UNTIL)
    assert len({story.question for story in asked}) == len(asked)
    assert all("days" in story.query or {"start", "end"} <= set(story.query) for story in asked)


def test_the_prompt_that_helped_has_higher_scores_than_the_version_before(world: World) -> None:
    version = {
        (talk["id"], message["id"]): message["prompt"]["version"]
        for talk in world.of(RowKind.CONVERSATIONS)
        for message in talk["messages"]
        if message["role"] == "assistant"
    }
    scores: dict[str, list[float]] = {"7": [], "8": [], "9": []}
    for row in world.of(RowKind.SCORES):
        if row["name"] == "helpfulness":
            scores[version[row["conversation_id"], row["message_id"]]].append(row["value"])
    assert fmean(scores["9"]) > fmean(scores["8"]) + 0.04
    assert min(len(each) for each in scores.values()) > 100
