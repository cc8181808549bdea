"""The cases of an A/B test: of a dataset and its split, of scenarios, or of its own."""

from uuid import UUID

import pytest

from core.ab_tests.errors import JudgeNeeded
from core.bots.result_schemas import NewScenario
from core.bots.service import scenarios
from core.database.db import transaction
from core.datasets.errors import DatasetMissing
from core.evaluations.queries import results
from core.evaluations.views import CaseView
from core.executions.runner import Runner
from core.identity.schemas import Actor
from tests.factories.ab_tests import JUDGE, Judges, created, finished, outcome, read, started
from tests.factories.bots import included, made
from tests.factories.datasets import dataset, question
from tests.factories.evaluations import run
from tests.factories.identity import person

CONTAINS = [{"kind": "contains", "values": ["hello"]}]


@pytest.fixture
def actor(runner: Runner) -> Actor:
    return person().actor


@pytest.fixture
def bots(actor: Actor) -> list[dict[str, str]]:
    return [{"bot_id": str(made(actor, bot_name=name).id), "model_id": "fake:echo"}
            for name in ("Rosa", "Max")]  # fmt: skip


def scenario(actor: Actor, *outcomes: str) -> UUID:
    new = {"name": "Returns", "user_messages": ["a", "b"], "expected_outcomes": outcomes}
    with transaction() as session:
        created = scenarios.create_scenario(session, NewScenario.model_validate(new), actor=actor)
        return created.id


def cases(actor: Actor, evaluation_id: UUID) -> list[CaseView]:
    with transaction() as session:
        rows = results.list_cases(session, evaluation_id, actor=actor).items
        found = [results.get_case(session, evaluation_id, row.id, actor=actor) for row in rows]
    return sorted(found, key=lambda each: each.position)


def test_the_split_of_a_dataset_is_run(actor: Actor, bots: list[dict[str, str]]) -> None:
    given = [
        question(f"hello {number}", assertions=CONTAINS, split=split)
        for number, split in enumerate(("tune", "holdout", "holdout"))
    ]
    source = {"dataset_id": str(dataset(actor, *given).id), "split": "holdout"}
    test = finished(actor, [], variants=bots, **source)
    assert (test.case_count, test.dataset_version) == (2, 1)
    assert outcome(actor, test.id).A.answers == 2


def test_cases_that_nothing_scores_are_refused(actor: Actor, bots: list[dict[str, str]]) -> None:
    bare = dataset(actor, question("hello"))
    private = dataset(person().actor, question("hello", assertions=CONTAINS))
    with pytest.raises(JudgeNeeded):
        created(actor, [], variants=bots, dataset_id=str(bare.id))
    for outcomes in (("friendly",), ("contains: refund", "friendly")):
        described = scenario(actor, *outcomes)
        with pytest.raises(JudgeNeeded):
            created(actor, [], variants=bots, scenario_ids=[str(described)])
    with pytest.raises(DatasetMissing):
        created(actor, [], variants=bots, dataset_id=str(private.id))


def test_each_message_of_a_scenario_is_a_case_with_its_outcomes(
    actor: Actor, bots: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    judges = Judges()
    judges.install(monkeypatch)
    outcomes = ("contains: a", "does not contain: z", "matches: ^F", "friendly", "short")
    test = created(
        actor,
        [],
        variants=bots,
        scenario_ids=[str(scenario(actor, *outcomes))],
        judge_model_id=JUDGE,
        rubric="Judge it.",
    )
    evaluation_id = started(actor, test.id)
    run(evaluation_id)
    first, second = cases(actor, evaluation_id)
    assert [each.messages[-1].content for each in (first, second)] == ["a", "b"]
    assert (first.tags, first.assertions) == (("Returns",), second.assertions)
    kinds = [(each["kind"], each["negate"]) for each in first.assertions]
    assert kinds == [("contains", False), ("contains", True), ("regex", False), ("judge", False)]
    asked = [call.messages[-1].content for call in judges.calls]
    rubric = "Judge it.\n\nExpected of this answer: friendly; short\n"
    assert sum(each.startswith(rubric) for each in asked) == 4
    assert len(judges.calls) == 8  # and one for how each answer sounds


def test_included_scenarios_are_cases(
    actor: Actor, bots: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    Judges().install(monkeypatch)
    ids = [str(each.id) for each in included(actor)]
    test = finished(actor, [], variants=bots, scenario_ids=ids, judge_model_id=JUDGE)
    assert read(actor, test.id).case_count == 9
    assert [str(each) for each in test.scenario_ids] == ids
