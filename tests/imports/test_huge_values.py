"""What is too large or too far away to be held is wrong in its own row, and costs no other."""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.imports.files import Folder, errors_of, kinds_of, known, mapping_of, rows_of
from tests.imports.langfuse import GENERATION

AT = "2026-03-04T05:06:07Z"
ENDLESS = 10**400


def event(created_at: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON
    return {"timestamp": created_at, "event_type": "page.view", "user_id": "u1", **more}


@pytest.mark.parametrize("far", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00"])
def test_a_time_that_utc_does_not_hold_is_an_error_of_its_row(folder: Folder, far: str) -> None:
    path = folder.lines(event(AT), event(far), event(AT))

    [(position, _, words)] = errors_of(path)

    assert (position, "is not a time" in words) == (2, True)
    assert kinds_of(path) == {"events": 2}


@pytest.mark.parametrize("latency", [ENDLESS, "9" * 400 + " s"], ids=["number", "text"])
def test_a_duration_beyond_a_float_is_an_error_of_its_row(
    folder: Folder, latency: int | str
) -> None:
    request = {"timestamp": AT, "model": "gpt-4o", "prompt_tokens": 1, "latency_ms": 20}
    path = folder.lines(request, request | {"latency_ms": latency}, request)

    [(position, _, words)] = errors_of(path)

    assert (position, "is not a duration" in words) == (2, True)
    assert kinds_of(path) == {"ai_requests": 2}


def test_a_rating_beyond_a_float_is_an_error_of_its_row(folder: Folder) -> None:
    feedback = {"timestamp": AT, "rating": 5, "comment": "good", "user_id": "u1"}
    mapping = mapping_of(folder.lines(feedback, feedback))
    path = folder.lines(feedback, feedback | {"rating": ENDLESS}, feedback)

    [(position, _, words)] = errors_of(path, mapping)

    assert (position, "is not a number" in words) == (2, True)


@pytest.mark.parametrize(
    ("latency", "told"),
    [
        (1e18, "a latency of 1e+18 seconds leads past all dates"),
        (ENDLESS, f"“{str(ENDLESS)[:60]}” is not a number"),
    ],
    ids=["far", "endless"],
)
def test_a_latency_beyond_all_time_is_an_error_of_its_trace(
    folder: Folder, latency: float, told: str
) -> None:
    trace = {
        "id": "trace-1",
        "timestamp": AT,
        "name": "chat",
        "input": "Where is it?",
        "output": "Here.",
        "sessionId": "s1",
        "latency": 1.5,
        "tags": [],
        "public": False,
        "bookmarked": False,
    }
    path = folder.lines(trace, trace | {"latency": latency}, trace)

    [(position, _, words)] = errors_of(path)

    assert (position, words) == (2, told)
    assert kinds_of(path) == {"conversations": 2}


def test_a_latency_beyond_all_time_is_an_error_of_its_observation(folder: Folder) -> None:
    observation = {**GENERATION, "endTime": None, "latency": 1.5}
    path = folder.lines(
        observation, observation | {"id": "obs-8", "latency": 1e18}, observation | {"id": "obs-9"}
    )

    [(position, _, words)] = errors_of(path)

    assert (position, words) == (2, "a latency of 1e+18 seconds leads past all dates")
    assert kinds_of(path)["ai_requests"] == 2


def test_a_dialogue_that_leads_past_all_dates_is_an_error_of_its_record(folder: Folder) -> None:
    said = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    talk = {"id": "a", "created_at": AT, "messages": said}
    never = {**talk, "id": "b", "created_at": "9999-12-31T23:59:59Z"}
    path = folder.lines(talk, never, {**talk, "id": "c"})

    [(position, _, _)] = errors_of(path)

    assert position == 2
    assert kinds_of(path) == {"conversations": 2}


def test_a_benchmark_that_leads_past_all_dates_is_an_error_of_its_record(folder: Folder) -> None:
    run = {"date": "20260304-050607", "model_id": "m", "input_lens": [1, 2], "ttfts": [0.1, 0.2]}
    path = folder.lines(run, run | {"start_times": [0, 1e300]}, run)

    [(position, _, words)] = errors_of(path)

    assert (position, "no benchmark" in words) == (2, True)
    assert kinds_of(path) == {"ai_requests": 4}


@pytest.mark.parametrize("last", ["7e10", "1e300"])
def test_seconds_since_a_start_may_be_longer_than_history(folder: Folder, last: str) -> None:
    path = folder.write(
        f"Timestamp,Model,Request tokens\n5,GPT-4,10\n45.5,GPT-4,10\n{last},GPT-4,1\n"
    )

    assert known(path).questions


def test_a_start_that_utc_does_not_hold_is_an_error_of_each_row(folder: Folder) -> None:
    path = folder.write("Timestamp,Model,Request tokens\n5,GPT-4,10\n45.5,GPT-4,10\n")
    start = "9999-12-31T23:59:59-05:00"
    mapping = mapping_of(path, start=start)

    assert [position for position, _, _ in errors_of(path, mapping)] == [1, 2]


@pytest.mark.parametrize("cost", ["1e999999999", "1e-999999999", "1e9999999999"])
def test_a_price_that_would_be_endless_when_written_out_is_an_error_of_its_row(
    folder: Folder, cost: str
) -> None:
    request = {"timestamp": AT, "model": "gpt-4o", "prompt_tokens": 1, "cost_usd": 0.25}
    mapping = mapping_of(folder.lines(request, request))
    path = folder.lines(request, request | {"cost_usd": cost}, request)

    [(position, _, words)] = errors_of(path, mapping)

    assert (position, "is not a price" in words) == (2, True)


def test_a_year_of_eleven_digits_is_no_time(folder: Folder) -> None:
    far = "Mon, 01 Jan 99999999999 00:00:00 GMT"
    rows = [(at, "page.view", "u1") for at in (AT, far)]
    path = folder.table("timestamp event_type user_id", *rows)

    [(position, _, words)] = errors_of(path)

    assert (position, "is not a time" in words) == (2, True)


def test_a_time_of_parquet_past_the_last_year_is_an_error_of_its_row(folder: Folder) -> None:
    times = pa.array([0, 2**60, 1_000_000], pa.timestamp("us", tz="UTC"))
    path = folder.path / "file"
    pq.write_table(pa.table({"timestamp": times, "event_type": ["page.view"] * 3}), path)

    [(position, _, words)] = errors_of(path)

    assert (position, "is not a time" in words) == (2, True)
    assert kinds_of(path) == {"events": 2}


def test_long_messages_of_errors_are_imported_whole(folder: Folder) -> None:
    failed = {"error_code": "E1", "error_message": "x" * 9_000, "user_agent": "x" * 600}

    [row, _] = rows_of(folder.lines(event(AT, **failed), event(AT, **failed)))

    assert {name: row[name] for name in failed} == failed
