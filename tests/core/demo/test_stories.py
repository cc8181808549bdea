"""What is to be found in the demo can be measured."""

from datetime import datetime
from typing import Any

from core.imports.parsed import RowKind
from tests.core.demo.conftest import World
from tools.demo.calendar import DAY


def moment(row: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(row["created_at"])


def p95(times: list[int]) -> int:
    return sorted(times)[int(len(times) * 0.95)]


def test_one_model_was_slow_for_some_days_and_the_others_were_not(world: World) -> None:
    def latencies(model: str, *, during: bool) -> list[int]:
        window = world.calendar.latency
        chats = [
            row
            for row in world.of(RowKind.AI_REQUESTS)
            if row["model"] == model and "total_latency_ms" in row
        ]
        return [row["total_latency_ms"] for row in chats if (moment(row) in window) is during]

    slow, usual = (
        latencies("claude-sonnet-4-5", during=True),
        latencies("claude-sonnet-4-5", during=False),
    )
    assert len(slow) > 40
    assert p95(slow) > 3 * p95(usual)
    assert p95(latencies("gpt-4.1-nano", during=True)) < 1.5 * p95(
        latencies("gpt-4.1-nano", during=False)
    )


def conversion(world: World, start: datetime, end: datetime) -> float:
    kinds = ("onboarding.portfolio_start", "onboarding.portfolio_complete")
    begun, done = (
        {row["user_id"] for row in world.of(RowKind.EVENTS) if row["event_type"] == kind}
        for kind in kinds
    )
    inside = {
        row["user_id"]
        for row in world.of(RowKind.EVENTS)
        if row["event_type"] == kinds[0] and start <= moment(row) < end and row["user_id"] in begun
    }
    assert len(inside) > 100
    return len(inside & done) / len(inside)


def test_after_a_release_half_of_those_who_build_a_board_give_up_and_a_code_says_why(
    world: World,
) -> None:
    window = world.calendar.portfolio_bug
    before = conversion(world, window.start - 12 * DAY, window.start)
    during = conversion(world, window.start, window.end)
    after = conversion(world, window.end, window.end + 12 * DAY)
    assert before > 0.7
    assert during < 0.55
    assert after > 0.7
    failures = [row for row in world.of(RowKind.EVENTS) if row.get("error_code") == "PF-422"]
    assert len(failures) > 100
    assert all(
        moment(row) in window or (moment(row) - window.end).total_seconds() < 3600
        for row in failures
    )
    assert {row["release"] for row in failures} <= {"2.6.0", "2.6.1"}


def test_on_certain_nights_one_phase_fails_and_says_why(world: World) -> None:
    nightly = [
        row for row in world.of(RowKind.BATCH_RUNS) if row["batch_job"] == "nightly-ripening"
    ]
    failed = [row for row in nightly if row["status"] == "partial"]
    assert len(failed) in (5, 6)
    assert {datetime.fromisoformat(row["started_at"]).weekday() for row in failed} == {0}
    assert all("gletscherloch-02" in row["error_summary"] for row in failed)
    usual = max(row["phase_durations"]["read_sensors"] for row in nightly if row not in failed)
    assert min(row["phase_durations"]["read_sensors"] for row in failed) > 3 * usual


def test_answers_cost_more_since_the_larger_model(world: World) -> None:
    def cost(start: datetime, end: datetime) -> float:
        talks = [row for row in world.of(RowKind.CONVERSATIONS) if start <= moment(row) < end]
        said = [
            message
            for talk in talks
            for message in talk["messages"]
            if message["role"] == "assistant"
        ]
        return sum(float(message["cost_usd"]) for message in said) / len(said)

    switch = world.calendar.new_model.start
    assert cost(switch, world.calendar.until) > 1.8 * cost(switch - 12 * DAY, switch)


def test_norway_is_unhappy_and_says_why(world: World) -> None:
    countries = {row["id"]: row["traits"]["country"] for row in world.of(RowKind.USERS)}
    thumbs = [row for row in world.of(RowKind.FEEDBACK) if row["scale"] == "thumbs"]

    def share_down(rows: list[dict[str, Any]]) -> float:
        down = [row for row in rows if row["rating"] == -1]
        return len(down) / len(rows)

    norway = [row for row in thumbs if countries[row["user_id"]] == "NO"]
    others = [row for row in thumbs if countries[row["user_id"]] != "NO"]
    assert share_down(norway) > share_down(others) + 0.2
    reasons = ("toll", "customs", "kr", "Norway", "Norge", "duty", "wrong thing", "hjelp")
    down = [row["comment"] for row in norway if row["rating"] == -1 and "comment" in row]
    assert sum(any(word in comment for word in reasons) for comment in down) > len(down) / 2


def test_one_carriers_tracking_times_out(world: World) -> None:
    calls = [
        (moment(row), call)
        for row in world.of(RowKind.AI_REQUESTS)
        for call in row.get("tool_calls", ())
        if call["name"] == "parcel.track"
    ]
    failed = [(at, call) for at, call in calls if "error" in call]
    assert len(failed) > 30
    assert all(at in world.calendar.carrier and call["duration_ms"] >= 8000 for at, call in failed)
