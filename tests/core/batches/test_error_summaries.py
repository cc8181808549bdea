"""An error summary is a text or an object; the newest report decides which."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from core.batches import error_summaries, ingest
from core.batches.queries import batch_runs, failing_jobs
from core.batches.schemas import NewBatchRun
from core.batches.views import BatchRunQuery
from core.database.db import transaction
from core.database.paging import Window
from core.identity.schemas import Role
from core.ingest.rows import RowSource
from core.presentation.periods import Period
from tests.factories.identity import person

START = datetime(2026, 11, 1, 3, tzinfo=UTC)
ASKED = BatchRunQuery(Period(START, START + timedelta(days=1)))
OBJECT = {"message": "Too slow", "codes": [1, 2], "where": {"phase": "load"}}
SOURCE = RowSource(environment="production", zone="UTC")


def report(summary: str | dict[str, Any] | None, minutes: int = 0, run: str = "run") -> int:
    row = {
        "batch_run_id": run,
        "batch_job": "nightly",
        "started_at": START.isoformat(),
        "updated_at": (START + timedelta(minutes=minutes)).isoformat(),
        "status": "failed",
        "phase_durations": {"load": 1, "count": 2},
        "error_summary": summary,
    }
    with transaction() as session:
        return ingest.store(session, [msgspec.convert(row, NewBatchRun)], SOURCE)


def told() -> object:
    with transaction() as session:
        return batch_runs.get_run(session, "run", actor=person(Role.ADMIN).actor).error_summary


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_newest_summary_applies_whether_text_or_object(order: tuple[int, ...]) -> None:
    summaries: list[str | dict[str, Any]] = ['{"a": 1}', {"b": 2}, "text"]
    for number in order:
        report(summaries[number], number)
    assert told() == "text"
    report(OBJECT, 3)
    report(None, 4)
    assert told() == OBJECT


@pytest.mark.usefixtures("database")
def test_a_text_that_looks_like_an_object_stays_a_text() -> None:
    report('{"a": 1}')
    assert told() == '{"a": 1}'


@pytest.mark.usefixtures("database")
def test_the_same_object_again_is_a_duplicate() -> None:
    assert [report(OBJECT), report(OBJECT)] == [1, 0]


@pytest.mark.usefixtures("database")
def test_lists_failures_and_findings_have_an_object_in_words() -> None:
    report(OBJECT)
    report(OBJECT, run="again")
    long = {"message": "Long", "rest": "x" * 5000}
    report(long, run="long")
    actor = person(Role.ADMIN).actor
    with transaction() as session:
        runs = batch_runs.list_runs(session, ASKED, window=Window(9), actor=actor)
        failures = batch_runs.failures(session, ASKED, actor=actor)
        [found] = failing_jobs.failing_jobs(session, ASKED)
    by_name = {run.batch_run_id: run for run in runs}
    assert (by_name["run"].error_summary, by_name["run"].failed_phase) == (OBJECT, "load")
    assert isinstance(by_name["long"].error_summary, str)  # its beginning, as the list says
    assert by_name["long"].truncated == ("error_summary",)
    assert {each.summary: each.runs for each in failures}["Too slow"] == 2
    assert found.summary == "Too slow"


@pytest.mark.parametrize(
    ("summary", "words"),
    [
        (None, None),
        ("text", "text"),
        ({"code": "E1", "message": "No disk"}, "No disk"),
        ({"error": {"nested": 1}, "reason": "why"}, "why"),
        # An object of its own words stood in a finding as JSON
        ({"write": "disk full", "clean": "no lock"}, "write: disk full; clean: no lock"),
        ({"a": 1}, '{"a":1}'),
        ({}, "{}"),
    ],
)
def test_an_object_in_words_is_what_it_says_or_its_json(summary: Any, words: str | None) -> None:  # noqa: ANN401
    assert error_summaries.in_words(summary) == words
