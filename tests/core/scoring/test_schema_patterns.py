"""The patterns of a JSON Schema are limited when it is saved; stored schemas stay as they are."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import ValidationError

from core.database import settings
from core.database.db import transaction
from core.evaluations.schemas import EvaluationStatus
from core.executions.runner import Runner
from core.promotions.schemas import GateVerdict
from core.scoring import json_schemas
from core.scoring.settings import ProductionScoring, change
from tests.factories.datasets import cases_of, dataset, imported, question
from tests.factories.evaluations import answering, evaluated
from tests.factories.identity import person
from tests.factories.promotions import check, gate, shared_dataset
from tests.factories.prompts import create, label
from tests.factories.scoring import spec

LARGE = ".{1000}" * 12  # about a hundred thousand instructions


def schema(patterns: Iterable[str]) -> dict[str, Any]:
    return {"properties": {f"p{place}": {"pattern": it} for place, it in enumerate(patterns)}}


@pytest.mark.parametrize(
    ("patterns", "advice"),
    [
        ([f"^{number}" for number in range(101)], r"more than 100 patterns\. List values in enum"),
        (
            ["[a-z]" * 400_000],
            r"more than 50,000 characters\. Shorten them, or list values in enum",
        ),
        ([f"{number}{LARGE}" for number in range(20)], r"Repeat less .* maxLength"),
    ],
)
def test_patterns_that_take_long_to_compile_are_refused_at_once(
    patterns: list[str], advice: str
) -> None:
    begun = time.process_time()
    with pytest.raises(ValidationError, match=advice):
        spec("json_schema", schema=schema(patterns))
    assert time.process_time() - begun < 1


def test_names_of_properties_are_patterns_too() -> None:
    with pytest.raises(ValidationError, match="more than 100 patterns"):
        spec("json_schema", schema={"patternProperties": {f"^{n}": {} for n in range(101)}})


@pytest.mark.parametrize(
    "patterns",
    [
        [rf"^\S{{1,{number}}}$" for number in range(100, 200)],
        [r"^[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}$"] * 2000,
        ["|".join(f"value {number}" for number in range(3000))],
        [LARGE],
    ],
)
def test_many_usual_patterns_one_large_one_and_one_that_is_repeated_are_taken(
    patterns: list[str],
) -> None:
    assert spec("json_schema", schema=schema(patterns))


MANY = {"kind": "json_schema", "schema": schema([f"^{number}" for number in range(150)])}


@contextmanager
def before_there_were_limits() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_schemas, "MOST_PATTERNS", 1000)
        yield


def test_a_stored_case_with_too_many_patterns_is_read_and_evaluated(
    runner: Runner,
) -> None:
    actor = person().actor
    with before_there_were_limits():
        asked = question(answering("{}"), assertions=[MANY])
        made = dataset(actor, asked)
    [case] = cases_of(actor, made.id)
    assert len(case.content.assertions) == 1

    found = evaluated(actor, dataset_id=str(made.id), test_cases=[], scorers=[])
    assert (found.status, found.success_rate.value) == (EvaluationStatus.COMPLETED, 1)


def test_a_stored_case_with_too_many_patterns_is_given_a_reference_answer(runner: Runner) -> None:
    actor = person().actor
    with before_there_were_limits():
        made = dataset(actor, question("Why?", assertions=[MANY], external_id="one"))
    answer = {"question_id": "one", "choices": [{"turns": ["Because."]}]}
    assert imported(actor, json.dumps(answer), "a.jsonl", dataset_id=made.id).updated == 1


def test_a_gate_with_too_many_patterns_still_checks_versions(runner: Runner) -> None:
    actor = person().actor
    prompt = create(actor, "support", "{{input}}", visibility="public")
    label(actor, prompt.id, 1)
    with before_there_were_limits():
        gate(actor, prompt.id, shared_dataset(actor), scorers=[MANY])
    assert check(actor, prompt.id, 1).verdict is GateVerdict.NOT_EVALUATED


def test_production_is_scored_by_a_stored_schema_with_too_many_patterns(runner: Runner) -> None:
    with before_there_were_limits(), transaction() as session:
        scoring = ProductionScoring.model_validate({"scorers": [MANY]})
        change(session, scoring, actor=person().actor)
    with transaction() as session:
        assert len(settings.read(session, ProductionScoring).scorers) == 1
