"""The five largest files of other programs, imported through the API: its figures are pandas', and
their undo leaves nothing.
"""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import text

from tests.factories.imports import differences
from tests.faults.program import Person, Program, until
from tests.faults.stored import databases, stored
from tests.samples.compare import FOLDER

RUNS = "jobs/inspect_ci_2026-08-04.json"
TRACE = "metrics/AzureLLMInferenceTrace_code.csv"
CHATS = "conversations/sharegpt_dummy_conversation.json"
LOG = "metrics/detail_log_scale100_prompt500.json"
TRANSCRIPTS = "conversations/tau_airline_few_shot.jsonl"
LARGEST = (RUNS, TRACE, CHATS, LOG, TRANSCRIPTS)
OFF_BY = 0.01  # of a percentile, at most (core/database/rollups.py)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("numbers")
    running = Program(folder, folder / "data").start()
    yield running
    running.end()


@pytest.fixture(scope="module")
def me(program: Program) -> Person:
    return program.sign_in()


@pytest.fixture(scope="module")
def before(program: Program, me: Person) -> dict[str, list[str]]:
    # The daily job writes figures and a run of its own; once done, it does not catch up in the
    # middle of this.
    me.http.post("/admin/system/daily").raise_for_status()
    until(
        lambda: (
            ask(me, "/admin/batch/history", days=1, job="attune.daily", status="completed")[
                "total_count"
            ]
            > 0
        ),
        120,
    )
    return stored(program)


@pytest.fixture(scope="module")
def imported(
    program: Program, me: Person, before: dict[str, list[str]]
) -> dict[str, dict[str, Any]]:
    """Import all five as they are, and return what became of each."""
    found = {}
    for name in LARGEST:
        content = (FOLDER / name).read_bytes()
        id_ = (
            me.http.post("/imports", params={"name": Path(name).name}, content=content)
            .raise_for_status()
            .json()["id"]
        )
        me.http.post(f"/imports/{id_}/start").raise_for_status()
        until(lambda at=id_: look(me, at)["status"] not in ("queued", "running"), 120)  # type: ignore[misc]  # the default is its own
        found[name] = look(me, id_)
        assert (found[name]["status"], found[name]["problems"]) == ("completed", [])
    stored(program)  # by then all figures are made
    return found


def look(me: Person, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = me.http.get(f"/imports/{id_}").raise_for_status().json()
    return found


def ask(me: Person, path: str, **given: Any) -> dict[str, Any]:  # noqa: ANN401  of the address
    found: dict[str, Any] = me.http.get(path, params=given).raise_for_status().json()
    return found


def listed(me: Person, **given: Any) -> pd.DataFrame:  # noqa: ANN401  of the address
    answer = me.http.get("/admin/ai/requests", params={**given, "format": "csv"}).raise_for_status()
    return pd.read_csv(io.StringIO(answer.text), parse_dates=["created_at"]).sort_values(
        "created_at", kind="stable"
    )


def test_a_trace_of_requests(me: Person, imported: dict[str, dict[str, Any]]) -> None:
    frame = pd.read_csv(FOLDER / TRACE, parse_dates=["TIMESTAMP"])
    period = {"start": "2023-11-01", "end": "2023-12-01"}
    figures, rows = ask(me, "/admin/ai/metrics", **period), listed(me, **period)
    assert imported[TRACE]["counts"] == {
        "ai_requests": {"accepted": len(frame), "duplicates": 0, "rejected": 0}
    }
    assert (figures["total_requests"], len(rows)) == (len(frame), len(frame))
    assert figures["input_tokens"] == frame["ContextTokens"].sum() == rows["input_tokens"].sum()
    assert figures["output_tokens"] == frame["GeneratedTokens"].sum() == rows["output_tokens"].sum()
    assert sorted(rows["input_tokens"]) == sorted(frame["ContextTokens"])
    hours = frame.groupby(frame["TIMESTAMP"].dt.hour)["ContextTokens"].sum()
    assert (
        rows.groupby(rows["created_at"].dt.hour)["input_tokens"].sum().to_dict() == hours.to_dict()
    )


def test_a_log_of_a_benchmark(me: Person, imported: dict[str, dict[str, Any]]) -> None:
    frame = pd.read_json(FOLDER / LOG, orient="index")
    figures, rows = ask(me, "/admin/ai/metrics", days=30), listed(me, days=30)
    assert imported[LOG]["counts"] == {
        "ai_requests": {"accepted": len(frame), "duplicates": 0, "rejected": 0}
    }
    assert (figures["total_requests"], figures["error_count"]) == (len(frame), 0)
    assert (figures["input_tokens"], figures["output_tokens"]) == (
        frame["in_len"].sum(),
        frame["out_len"].sum(),
    )
    took = (frame["total_chunk_time"] * 1000).round()
    assert sorted(rows["total_latency_ms"]) == sorted(took)
    assert figures["avg_latency_ms"] == pytest.approx(took.mean(), abs=1)
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        wanted = took.quantile(share, interpolation="lower")
        assert figures[f"{name}_latency_ms"] == pytest.approx(wanted, rel=2 * OFF_BY, abs=1)


def test_workflow_runs(me: Person, imported: dict[str, dict[str, Any]]) -> None:
    runs = pd.DataFrame(json.loads((FOLDER / RUNS).read_text())["runs"])
    period = {"start": "2026-01-01", "end": "2027-01-01"}
    # Job by job: the daily job of the house may have run meanwhile, too.
    names = runs["name"].value_counts().to_dict()
    history = [ask(me, "/admin/batch/history", **period, job=name, limit=200) for name in names]
    assert imported[RUNS]["counts"] == {
        "batch_runs": {"accepted": len(runs), "duplicates": 0, "rejected": 0}
    }
    assert [(each["total_count"], len(each["items"])) for each in history] == [
        (count, count) for count in names.values()
    ]
    assert [
        sum(each["summary"][state] for each in history) for state in ("completed", "failed")
    ] == [
        (runs["conclusion"] == "success").sum(),
        (runs["conclusion"] == "failure").sum(),
    ]
    assert {each["batch_job"]: each["runs"] for found in history for each in found["jobs"]} == names
    jobs = pd.DataFrame(
        # A phase is a job of a run
        [{"of": run["name"], **job} for run in runs.to_dict("records") for job in run["jobs"]]
    )
    ran = jobs[jobs["conclusion"] != "skipped"].groupby(["of", "name"])["exec_seconds"].mean()
    phases = ask(me, "/admin/batch/phases", **period)["items"]
    found = {
        (each["batch_job"], each["phase"]): each["avg_ms"] / 1000
        for each in phases
        if each["avg_ms"] is not None and each["batch_job"] in names
    }
    assert found == pytest.approx(ran.to_dict(), abs=0.001)


def test_dialogues(program: Program, imported: dict[str, dict[str, Any]]) -> None:
    chats = json.loads((FOLDER / CHATS).read_text())
    lines = (FOLDER / TRANSCRIPTS).read_text().splitlines()
    assert imported[CHATS]["counts"]["conversations"] == {
        "accepted": len(chats),
        "duplicates": 0,
        "rejected": 0,
    }
    assert imported[TRANSCRIPTS]["counts"]["conversations"] == {
        "accepted": len(lines),
        "duplicates": 0,
        "rejected": 0,
    }
    said = pd.Series([turn["value"] for one in chats for turn in one["conversations"]])
    asked = text("select count(*), sum(length(content)) from messages where import_id = :import_id")
    # No route lists conversations yet
    with databases(program) as (core, _), core.begin() as connection:
        found = connection.execute(asked, {"import_id": imported[CHATS]["id"]}).one()
    assert tuple(found) == (len(said), said.str.len().sum())


def test_the_undo_of_all_five_leaves_nothing(
    program: Program, me: Person, before: dict[str, list[str]], imported: dict[str, dict[str, Any]]
) -> None:
    verified(program)
    for found in imported.values():
        me.http.delete(f"/imports/{found['id']}").raise_for_status()
        until(lambda at=found["id"]: look(me, at)["status"] == "undone", 120)  # type: ignore[misc]  # the default is its own
    assert differences(before, stored(program)) == ""
    verified(program)


def verified(program: Program) -> None:
    command = [sys.executable, str(program.app), "verify"]
    found = subprocess.run(
        command, env=program.environment, capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stderr) == (0, "")
