"""Files of other programs, from the folder that `make samples DIR=` names: what they are, what they
give, what pandas says.

Nothing of these files is copied into the repository, which is why they are no part of `make test`.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.ai_metrics.otlp import histories
from core.ai_metrics.otlp import mapping as otlp
from core.embedded.postgres import Postgres
from core.imports.ingest.reading import read
from core.imports.parsed import ParsedRow, RowKind
from core.imports.recognition.recognize import recognize
from tests.factories.spans import from_json
from tests.imports.files import refused

FOLDER = Path(os.environ.get("SAMPLES", "../shared/samples"))
Rows = dict[str, list[dict[str, Any]]]

EXPECTED: dict[str, tuple[str, dict[str, int]]] = {
    "conversations/abcd_sample.json": ("abcd", {"conversations": 3}),
    "conversations/guidelines.json": ("articles", {"documents": 10}),
    "conversations/kb.json": ("articles", {"documents": 55}),
    "conversations/sharegpt_dummy_conversation.json": ("sharegpt", {"conversations": 500}),
    "conversations/taskmaster1_sample.json": ("taskmaster", {"conversations": 1}),
    "conversations/tau_airline_few_shot.jsonl": ("dialogues", {"conversations": 19}),
    "finetune/toy_chat_fine_tuning_head4.jsonl": ("openai_chat", {"conversations": 4}),
    "jobs/inspect_ci_2026-08-04.json": ("workflow_runs", {"batch_runs": 200}),
    "metrics/AzureLLMInferenceTrace_code.csv": ("table", {"ai_requests": 8819}),
    "metrics/detail_log_scale100_prompt500.json": ("table", {"ai_requests": 500}),
}
NOT_YET = {
    "annotations/pandalm_pipeline-sanity-check.json": "instructions",
    "evals/evals_registry_test-basic.yaml": "openai_evals_registry",
    "evals/evals_registry_theory_of_mind.yaml": "openai_evals_registry",
    "evals/judge_prompts.jsonl": "judge_prompts",
    "evals/promptfoo_getting-started.yaml": "promptfoo",
    "evals/promptfoo_simple-csv_tests.csv": "promptfoo_cases",
    "evals/promptfoo_simple-test.yaml": "promptfoo",
    "evals/question.jsonl": "questions",
    "evals/reference_answer_gpt-4.jsonl": "reference_answers",
    "evals/theory_of_mind.jsonl": "eval_cases",
    "evals/vicuna_question.jsonl": "questions",
    "prompts/prompts_2025-01-06.csv": "prompts",
    "prompts/tau_airline_policy_system_prompt.md": "markdown",
    "webhooks/vectors.json": "webhooks",
}
SPANS = (
    "otlp/edge-cases.otlp.json",
    "otlp/openinference-scenarios.otlp.json",
    "otlp/otel_proto_trace_example.json",
)


def parsed_of(name: str) -> Iterator[ParsedRow]:
    """Yield what a file gives, with all questions answered as they are by default."""
    found = recognize(FOLDER / name)
    assert found.mapping is not None
    assert found.not_yet is None
    return read(FOLDER / name, found.mapping)


def rows_of(name: str) -> Rows:
    """Return the rows of a file by kind: none may be wrong, and ingest must take all."""
    parsed = list(parsed_of(name))
    assert [each for each in parsed if each.error is not None] == []
    assert refused(parsed) == []
    rows: Rows = {}
    for each in parsed:
        rows.setdefault(each.kind.value, []).append(each.row or {})
    return rows


def test_every_file_of_the_folder_is_compared() -> None:
    there = {
        str(path.relative_to(FOLDER))
        for path in FOLDER.rglob("*")
        if path.is_file() and path.parent != FOLDER
    }

    assert there - {*EXPECTED, *NOT_YET, *SPANS} == set()


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_what_is_a_file_of_rows_is_recognized_and_read_whole(name: str, tmp_path: Path) -> None:
    format_, counts = EXPECTED[name]
    elsewhere = tmp_path / "without a name"
    elsewhere.write_bytes((FOLDER / name).read_bytes())

    assert recognize(elsewhere).format == format_
    assert {kind: len(rows) for kind, rows in rows_of(name).items()} == counts


@pytest.mark.parametrize("name", sorted(NOT_YET))
def test_what_cannot_be_imported_yet_is_recognized_and_says_so(name: str) -> None:
    found = recognize(FOLDER / name)

    assert (found.format, found.mapping) == (NOT_YET[name], None)
    assert found.not_yet


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("name", SPANS)
def test_spans_become_what_they_become_over_otlp(name: str, cluster: Postgres) -> None:
    sent = otlp.mapped(from_json((FOLDER / name).read_bytes()))
    said, _histories = histories.conversations_of(sent.taken)

    parsed = list(parsed_of(name))

    assert refused(parsed) == []
    found = Counter(each.kind for each in parsed if each.row is not None)
    assert (found[RowKind.AI_REQUESTS], found[RowKind.CONVERSATIONS]) == (
        len(sent.taken),
        len(said),
    )
    assert [each.row["id"] for each in parsed if each.row and each.kind is RowKind.AI_REQUESTS] == [
        each.request.id for each in sent.taken
    ]
    assert sum(1 for each in parsed if each.error) == len(sent.refused)


def test_sums_of_a_trace_of_requests() -> None:
    frame = pd.read_csv(
        FOLDER / "metrics/AzureLLMInferenceTrace_code.csv", parse_dates=["TIMESTAMP"]
    )
    rows = pd.DataFrame(rows_of("metrics/AzureLLMInferenceTrace_code.csv")["ai_requests"])

    assert rows["input_tokens"].sum() == frame["ContextTokens"].sum()
    assert rows["output_tokens"].sum() == frame["GeneratedTokens"].sum()
    times = pd.to_datetime(rows["created_at"], format="ISO8601")
    assert times.min() == frame["TIMESTAMP"].min().tz_localize("UTC").floor("us")
    assert times.max() == frame["TIMESTAMP"].max().tz_localize("UTC").floor("us")


def test_sums_of_a_log_of_a_benchmark() -> None:
    name = "metrics/detail_log_scale100_prompt500.json"
    frame = pd.read_json(FOLDER / name, orient="index")
    rows = pd.DataFrame(rows_of(name)["ai_requests"])

    assert rows["input_tokens"].sum() == frame["in_len"].sum()
    assert rows["output_tokens"].sum() == frame["out_len"].sum()
    assert rows["total_latency_ms"].tolist() == (frame["total_chunk_time"] * 1000).round().tolist()
    assert rows["first_token_ms"].tolist() == (frame["first_chunk_time"] * 1000).round().tolist()
    spread = pd.to_datetime(rows["created_at"], format="ISO8601")
    assert (spread.max() - spread.min()).total_seconds() == pytest.approx(
        frame["record_time"].max() - frame["record_time"].min(), abs=1e-5
    )


def test_sums_of_workflow_runs() -> None:
    name = "jobs/inspect_ci_2026-08-04.json"
    runs = pd.DataFrame(json.loads((FOLDER / name).read_text())["runs"])
    jobs = pd.DataFrame([job for listed in runs["jobs"] for job in listed])
    rows = pd.DataFrame(rows_of(name)["batch_runs"])

    ours = rows["status"].value_counts().to_dict()
    assert (
        ours
        == runs["conclusion"]
        .replace({"success": "completed", "failure": "failed"})
        .value_counts()
        .to_dict()
    )
    assert rows["batch_job"].value_counts().to_dict() == runs["name"].value_counts().to_dict()
    assert rows["completed_jobs"].sum() == (jobs["conclusion"] == "success").sum()
    assert rows["failed_jobs"].sum() == (jobs["conclusion"] == "failure").sum()
    took = sum(sum(phases.values()) for phases in rows["phase_durations"].dropna())
    assert took == round(jobs[jobs["conclusion"] != "skipped"]["exec_seconds"].sum() * 1000)


def test_turns_of_dialogues() -> None:
    sharegpt = json.loads((FOLDER / "conversations/sharegpt_dummy_conversation.json").read_text())
    abcd = json.loads((FOLDER / "conversations/abcd_sample.json").read_text())
    taskmaster = json.loads((FOLDER / "conversations/taskmaster1_sample.json").read_text())
    roles = {
        "human": "user",
        "gpt": "assistant",
        "customer": "user",
        "agent": "assistant",
        "action": "tool",
    }
    roles |= {"USER": "user", "ASSISTANT": "assistant"}

    for name, turns in (
        (
            "sharegpt_dummy_conversation.json",
            [(each["from"], each["value"]) for one in sharegpt for each in one["conversations"]],
        ),
        ("abcd_sample.json", [tuple(each) for one in abcd for each in one["original"]]),
        (
            "taskmaster1_sample.json",
            [(each["speaker"], each["text"]) for each in taskmaster["utterances"]],
        ),
    ):
        conversations = rows_of(f"conversations/{name}")["conversations"]
        said = [
            (message["role"], message["content"])
            for one in conversations
            for message in one["messages"]
        ]
        assert said == [(roles[role], text) for role, text in turns]


def test_turns_of_transcripts() -> None:
    text = (FOLDER / "conversations/tau_airline_few_shot.jsonl").read_text()
    lines = [json.loads(line)["messages_display"] for line in text.splitlines()]
    conversations = rows_of("conversations/tau_airline_few_shot.jsonl")["conversations"]

    for role in ("user", "assistant", "tool"):
        found = sum(message["role"] == role for one in conversations for message in one["messages"])
        assert found == sum(f"\n{line}".count(f"\n{role}: ") for line in lines)
