"""Runs of workflows, benchmarks, articles, and what cannot be imported yet."""

from typing import Any

import pytest

from tests.imports.files import Folder, errors_of, known, rows_of

RUN: dict[str, Any] = {
    "id": 9,
    "name": "Build",
    "head_branch": "main",
    "conclusion": "success",
    "run_attempt": 1,
    "run_started_at": "2026-03-04T05:06:07Z",
    "updated_at": "2026-03-04T05:08:07Z",
    "jobs": [
        {
            "name": "lint",
            "conclusion": "success",
            "started_at": "2026-03-04T05:06:08Z",
            "completed_at": "2026-03-04T05:06:18Z",
        },
        {"name": "test", "conclusion": "failure", "exec_seconds": 85.5},
        {"name": "ship", "conclusion": "skipped", "exec_seconds": 0.0},
    ],
}


def test_runs_of_workflows_become_batch_runs_with_their_jobs_as_phases(folder: Folder) -> None:
    path = folder.document(
        {
            "repo": "us/product",
            "run_count": 2,
            "runs": [RUN, {**RUN, "id": 10, "conclusion": "cancelled"}],
        }
    )

    first, second = rows_of(path)

    assert (first["batch_run_id"], first["batch_job"], first["triggered_by"], first["app"]) == (
        "9",
        "Build",
        "main",
        "us/product",
    )
    assert (first["status"], second["status"]) == ("completed", "cancelled")
    assert (first["total_jobs"], first["completed_jobs"], first["failed_jobs"]) == (3, 1, 1)
    assert first["phase_durations"] == {"lint": 10_000, "test": 85_500}
    assert first["error_summary"] == "Failed: test"


@pytest.mark.parametrize(
    "header", ["job;started_at;duration_min;status", "Job;Start;Dauer (min);Status"]
)
def test_runs_with_a_duration_in_place_of_an_end_have_their_end(
    folder: Folder, header: str
) -> None:
    # They were taken for events
    path = folder.write(
        f"{header}\nnightly;2026-03-04T05:00:00Z;90,5;completed\n"
        "nightly;2026-03-05T05:00:00Z;2;failed\nnightly;2026-03-06T05:00:00Z;1;running\n"
    )

    first, second, third = rows_of(path)

    assert (first["batch_job"], first["completed_at"]) == ("nightly", "2026-03-04T06:30:30+00:00")
    assert (second["status"], second["completed_at"]) == ("failed", "2026-03-05T05:02:00+00:00")
    assert "completed_at" not in third
    assert not any("duration_ms" in row for row in (first, second, third))


def test_a_run_whose_end_is_beyond_all_calendars_is_rejected(folder: Folder) -> None:
    path = folder.write(
        "job;started_at;duration_min;status\nnightly;2026-03-07T05:00:00Z;1e300;completed\n"
    )

    [(_, _, error)] = errors_of(path)

    assert error == "duration_ms: too long"


def test_runs_of_the_command_line_are_read_too_and_a_running_one_has_no_end(folder: Folder) -> None:
    run = {
        "databaseId": 7,
        "workflowName": "Nightly",
        "headBranch": "main",
        "event": "schedule",
        "status": "in_progress",
        "conclusion": "",
        "startedAt": "2026-03-04T05:06:07Z",
        "updatedAt": "2026-03-04T05:06:09Z",
    }

    row = rows_of(folder.document([run, run]))[0]

    assert (row["batch_run_id"], row["batch_job"], row["triggered_by"], row["status"]) == (
        "7",
        "Nightly",
        "schedule",
        "running",
    )
    assert "completed_at" not in row


@pytest.mark.parametrize(
    "jobs",
    [
        3,
        [
            {
                "name": "lint",
                "started_at": "2026-03-04T05:06:08",
                "completed_at": "2026-03-04T05:06:18Z",
            }
        ],
    ],
    ids=["only counted", "times with a zone and without"],
)
def test_jobs_that_tell_no_durations_cost_no_run(folder: Folder, jobs: object) -> None:
    [row] = rows_of(folder.document([{**RUN, "jobs": jobs}]))

    assert (row["batch_run_id"], "phase_durations" in row) == ("9", False)


def test_a_benchmark_with_its_requests_becomes_requests(folder: Folder) -> None:
    path = folder.document(
        {
            "date": "20260304-050607",
            "backend": "vllm",
            "model_id": "llama",
            "input_lens": [10, 20],
            "output_lens": [3, 0],
            "ttfts": [0.25, 0.0],
            "itls": [[0.05, 0.05], []],
            "errors": ["", "refused"],
        }
    )

    first, second = rows_of(path)

    assert (first["model"], first["input_tokens"], first["output_tokens"]) == ("llama", 10, 3)
    assert (first["first_token_ms"], first["total_latency_ms"]) == (250, 350)
    assert first["created_at"] == "2026-03-04T05:06:07+00:00"
    assert (second["status"], second["error_message"]) == ("error", "refused")


def test_texts_under_headings_become_documents(folder: Folder) -> None:
    steps = {"reset_2fa": ["pull-up-account", "send-link"], "refund": ["ask"]}
    outline = {
        "Returns": {
            "description": "Sending back",
            "flows": {
                "Refund": {"actions": [{"button": "Pay", "text": "Pay it.", "subtext": ["Soon"]}]}
            },
        },
        "Orders": {"description": "Asking for", "flows": {"Lost": {"actions": []}}},
    }

    first, _ = rows_of(folder.document(steps, "steps"))
    article, _ = rows_of(folder.document(outline, "outline"))

    assert (first["id"], first["title"], first["content"]) == (
        "reset_2fa",
        "Reset 2fa",
        "1. pull-up-account\n2. send-link",
    )
    assert article["title"] == "Returns"
    for words in ("Sending back", "### Refund", "Pay it.", "Soon"):
        assert words in article["content"]


@pytest.mark.parametrize(
    ("format_", "record"),
    [
        ("eval_cases", {"input": [{"role": "user", "content": "2+2?"}], "ideal": "4"}),
        ("questions", {"question_id": 81, "category": "writing", "turns": ["Write.", "Again."]}),
        (
            "reference_answers",
            {
                "question_id": 81,
                "choices": [{"index": 0, "turns": ["x"]}],
                "model_id": "m",
                "tstamp": 1686286924.8,
            },
        ),
        (
            "judge_prompts",
            {
                "name": "pair",
                "type": "pairwise",
                "system_prompt": "Judge.",
                "prompt_template": "{question}",
            },
        ),
        ("instructions", {"instruction": "Summarise.", "input": "a", "output": "b"}),
        ("annotations", {"instruction": "x", "response1": "a", "response2": "b", "annotator1": 1}),
        ("completions", {"prompt": "x", "completion": "y"}),
        ("prompts", {"act": "Linux terminal", "prompt": "Act as a terminal."}),
        ("benchmark_summary", {"request_throughput": 3.2, "mean_ttft_ms": 12.0, "backend": "vllm"}),
    ],
)
def test_what_joins_later_is_recognized_and_says_so(
    folder: Folder, format_: str, record: dict[str, Any]
) -> None:
    for path in (folder.lines(record, record, name="lines"), folder.document([record], "document")):
        found = known(path)

        assert (found.format, found.mapping) == (format_, None)
        assert found.not_yet


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        (
            "promptfoo",
            (
                "prompts:\n  - 'Say {{x}}'\nproviders:\n  - openai:gpt\ntests:\n  - vars:\n      "
                "x: 1\n"
            ),
        ),
        (
            "openai_evals_registry",
            "test:\n  id: test.s1\n  metrics: [accuracy]\ntest.s1:\n  class: evals.match:Match\n",
        ),
        ("yaml", "name: x\nsteps:\n  - run: make\n  - run: test\n"),
        (
            "markdown",
            "# Policy\n\nYou help people.\n\n- Be kind\n- Be brief\n\n## Rules\n\n- None\n",
        ),
        ("promptfoo_cases", 'body,style,__expected\n"Hello, world",x,icontains:bonjour\n'),
    ],
)
def test_texts_that_are_no_rows_are_recognized(folder: Folder, format_: str, text: str) -> None:
    found = known(folder.write(text))

    assert (found.format, found.mapping) == (format_, None)
    assert found.not_yet
