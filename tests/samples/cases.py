"""Files of cases of other programs, imported as datasets, and run against the fake provider."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from core.database.db import transaction
from core.datasets.files.reader import read as read_cases
from core.evaluations.queries import results
from core.evaluations.schemas import EvaluationStatus, NewEvaluation
from core.evaluations.service import evaluations
from core.evaluations.views import EvaluationView, RunExport
from core.executions.models import Execution
from core.identity.schemas import Actor
from tests.factories.datasets import cases_of, imported
from tests.factories.evaluations import read, run
from tests.factories.identity import person
from tests.samples.compare import FOLDER

CASES: dict[str, tuple[str, int, int]] = {  # format, cases, and parts that are named as unsupported
    "evals/evals_registry_test-basic.yaml": ("openai_registry", 0, 8),
    "evals/evals_registry_theory_of_mind.yaml": ("openai_registry", 0, 9),
    "evals/judge_prompts.jsonl": ("judge_prompts", 0, 8),
    "evals/promptfoo_getting-started.yaml": ("promptfoo", 2, 2),
    "evals/promptfoo_simple-csv_tests.csv": ("promptfoo_csv", 4, 0),
    "evals/promptfoo_simple-test.yaml": ("promptfoo", 5, 5),
    "evals/question.jsonl": ("questions", 80, 0),
    "evals/reference_answer_gpt-4.jsonl": ("reference_answers", 0, 0),
    "evals/theory_of_mind.jsonl": ("inspect", 100, 0),
    "evals/vicuna_question.jsonl": ("questions", 80, 0),
    "finetune/toy_chat_fine_tuning_head4.jsonl": ("chats", 3, 1),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_file_of_cases_is_read_and_what_is_not_supported_is_named_by_its_line(name: str) -> None:
    found = read_cases((FOLDER / name).read_bytes(), name)

    assert (found.format, len(found.cases), found.unsupported_count) == CASES[name]
    assert all(each.line is not None for each in found.unsupported)


@pytest.mark.usefixtures("runner")
def test_reference_answers_are_added_to_their_questions() -> None:
    actor = person().actor
    questions = (FOLDER / "evals/question.jsonl").read_bytes()
    made = imported(actor, questions, "question.jsonl").dataset
    assert made is not None
    answers = (FOLDER / "evals/reference_answer_gpt-4.jsonl").read_bytes()

    found = imported(actor, answers, "reference_answer_gpt-4.jsonl", dataset_id=made.id)

    assert (found.updated, found.unsupported) == (30, [])
    cases = cases_of(actor, made.id)
    # Ten questions have references of their own
    assert sum(case.content.reference is not None for case in cases) == 40
    scored = _run(actor, made.id, scorers=[{"kind": "similarity"}]).results[0]
    assert (scored.success_rate.n, scored.not_scored) == (40, 40)


ECHOED = {"kind": "contains", "values": ["Fake answer:"]}
# Calls of the target, its pass rate, and the kinds of assertions: the fake provider echoes what it
# is asked, so that it contains no translation, but every place that a question names
RUN: dict[str, tuple[int, float, set[str]]] = {
    "promptfoo_getting-started.yaml": (2, 0.0, {"contains"}),
    "promptfoo_simple-csv_tests.csv": (4, 0.0, {"contains"}),
    "promptfoo_simple-test.yaml": (
        5,
        0.0,
        {"exact", "contains", "json_schema", "similarity", "judge"},
    ),
    "question.jsonl": (160, 1.0, {"contains"}),  # two turns each
    "theory_of_mind.jsonl": (100, 1.0, {"contains"}),
    "vicuna_question.jsonl": (80, 1.0, {"contains"}),
}


def test_every_file_with_cases_of_its_own_is_run() -> None:
    assert set(RUN) == {
        Path(name).name for name, (_, cases, _) in CASES.items() if cases and "evals/" in name
    }


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize("name", sorted(RUN))
def test_a_file_is_run_as_a_dataset_and_every_assertion_is_scored(name: str) -> None:
    actor = person().actor
    made = imported(actor, (FOLDER / "evals" / name).read_bytes(), name).dataset
    assert made is not None
    asserted = any(case.content.assertions for case in cases_of(actor, made.id))

    found = _run(actor, made.id, scorers=[] if asserted else [ECHOED])

    [target] = found.results
    calls, rate, kinds = RUN[name]
    assert (found.status, target.failed, target.not_scored) == (EvaluationStatus.COMPLETED, 0, 0)
    assert target.success_rate.value == rate
    assert _kinds(found, actor) == kinds
    assert _calls() - _calls_of_judges(found, actor) == calls


def _run(actor: Actor, dataset_id: UUID, *, scorers: list[dict[str, Any]]) -> EvaluationView:
    given = {"name": "a", "target": {"model_id": "fake:echo"}, "dataset_id": dataset_id}
    new = NewEvaluation.model_validate(given | {"scorers": scorers})
    with transaction() as session:
        evaluation_id = evaluations.start(session, new, actor=actor)
    run(evaluation_id, slice_s=120.0)
    return read(actor, evaluation_id)


def _kinds(found: EvaluationView, actor: Actor) -> set[str]:
    """Return the kinds of the scorers that gave a score."""
    return {score.kind for each in _runs(found, actor) for score in each.scores}


def _calls_of_judges(found: EvaluationView, actor: Actor) -> int:
    return sum(score.kind == "judge" for each in _runs(found, actor) for score in each.scores)


def _runs(found: EvaluationView, actor: Actor) -> list[RunExport]:
    with transaction() as session:
        return results.export_after(session, found.id, 0, actor=actor)[0]


def _calls() -> int:
    with transaction() as session:
        return session.scalar(select(func.count()).select_from(Execution)) or 0
