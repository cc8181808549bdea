"""A label with a gate moves to a version that has passed exactly the evaluation it asks for."""

from uuid import UUID

import pytest
from sqlalchemy import text

from core.database.db import transaction
from core.datasets.schemas import DatasetChange
from core.datasets.service import datasets
from core.evaluations.errors import CasesNotScored
from core.executions.runner import Runner
from core.identity.schemas import Actor, Caller, Scope
from core.promotions import queries
from core.promotions.errors import GateDatasetPrivate, GateNotPassed, GateRefused
from core.promotions.schemas import GateVerdict
from core.prompts.errors import LabelMissing
from core.prompts.queries.labels import list_moves
from core.prompts.views import LabelMove
from core.providers.errors import ModelMissing
from tests.factories import promotions
from tests.factories.datasets import dataset, question
from tests.factories.identity import person
from tests.factories.keys import api_key
from tests.factories.promotions import FAILING, PASSING, REASON, check, gate, move, passed_through
from tests.factories.prompts import create, label, read, save


@pytest.fixture
def actor(runner: Runner) -> Actor:
    return person().actor


@pytest.fixture
def prompt(actor: Actor) -> UUID:
    """Return a public prompt in production with version 1; 2 passes, and 3 does not."""
    made = create(actor, "support", "", system_prompt=FAILING, visibility="public")
    save(actor, made.id, system_prompt=PASSING)
    save(actor, made.id, system_prompt="Be brief.")
    label(actor, made.id, 1)
    return made.id


@pytest.fixture
def gated(actor: Actor, prompt: UUID) -> UUID:
    gate(actor, prompt, promotions.shared_dataset(actor))
    return prompt


def production(actor: Actor, prompt: UUID) -> int:
    return next(each.version for each in read(actor, prompt).labels if each.name == "production")


def last_move(prompt: UUID) -> LabelMove:
    with transaction() as session:
        return list_moves(session, prompt)[0]


def test_a_gate_protects_its_label(actor: Actor, gated: UUID) -> None:
    [found] = read(actor, gated).labels
    assert (found.name, found.is_protected) == ("production", True)


def test_a_version_that_was_not_evaluated_is_refused_with_the_evaluation_to_run(
    actor: Actor, gated: UUID
) -> None:
    with pytest.raises(GateNotPassed, match="has not been evaluated on Questions") as refused:
        move(actor, gated, 2)
    told = refused.value.facts["gate"]
    assert isinstance(told, dict)
    assert (told["verdict"], told["to_run"]["target"]["version"]) == ("not_evaluated", 2)
    assert production(actor, gated) == 1


def test_a_version_that_passes_is_promoted_and_the_history_names_its_evaluation(
    actor: Actor, gated: UUID
) -> None:
    evaluation = passed_through(actor, gated, 2)
    move(actor, gated, 2)
    assert production(actor, gated) == 2
    assert (last_move(gated).evaluation_id, last_move(gated).reason) == (evaluation.id, None)


def test_a_version_that_fails_is_refused_with_its_rate(actor: Actor, gated: UUID) -> None:
    passed_through(actor, gated, 3)
    assert check(actor, gated, 3).verdict is GateVerdict.NOT_PASSED
    with pytest.raises(GateNotPassed, match=r"0\.0% of 1 .*90\.0% must pass"):
        move(actor, gated, 3)


def test_an_evaluation_of_another_version_says_nothing(actor: Actor, gated: UUID) -> None:
    passed_through(actor, gated, 2)
    assert check(actor, gated, 3).verdict is GateVerdict.NOT_EVALUATED


def test_the_newest_completed_evaluation_counts_whoever_ran_it(actor: Actor, gated: UUID) -> None:
    other = person().actor
    passed_through(actor, gated, 2)
    passed_through(other, gated, 2)
    found = check(actor, gated, 2).evaluation
    assert found is not None
    assert (found.is_own, found.owner_name, found.attempts) == (False, other.name, 2)


def test_an_evaluation_that_fits_is_found_behind_any_number_of_others(
    actor: Actor, gated: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "READ_AT_ONCE", 2)
    fitting = [passed_through(actor, gated, 2) for _ in range(2)]
    for _ in range(3):
        passed_through(actor, gated, 2, threshold=0.1)
    found = check(actor, gated, 2)
    assert found.verdict is GateVerdict.PASSED
    assert found.evaluation is not None
    assert (found.evaluation.id, found.evaluation.attempts) == (fitting[1].id, 2)


def test_an_evaluation_with_a_model_that_takes_not_all_defaults_counts(
    actor: Actor, gated: UUID
) -> None:
    defaults = {"reasoning_effort": "low", "temperature": 0}
    save(actor, gated, system_prompt=PASSING, default_parameters=defaults)
    target = {"template_id": str(gated), "version": 4, "model_id": "fake:plain"}
    evaluation = passed_through(actor, gated, 4, target=target)
    assert evaluation.definition_targets[0].parameters.set_values() == {"temperature": 0}
    assert check(actor, gated, 4).verdict is GateVerdict.PASSED


def test_an_evaluation_of_an_api_key_counts_and_is_everyones_own(actor: Actor, gated: UUID) -> None:
    made = api_key(Scope.EXECUTE)
    scopes = frozenset({Scope.EXECUTE})
    passed_through(Actor(made.id, made.name, made.name, None, None, Caller(), scopes), gated, 2)
    found = check(actor, gated, 2)
    assert found.evaluation is not None
    assert (found.verdict, found.evaluation.owner_name) == (GateVerdict.PASSED, made.name)
    assert found.evaluation.is_own


@pytest.mark.parametrize(
    "changes",
    [
        {"scorers": ({"kind": "contains", "values": ["Fake"]},)},
        {"threshold": 0.1},
        {"parameters": {"temperature": 0.1}},
        {"dataset_version": 1},
    ],
)
def test_an_evaluation_in_another_way_says_nothing(
    actor: Actor, prompt: UUID, changes: dict[str, object]
) -> None:
    dataset_id = promotions.shared_dataset(actor)
    with transaction() as session:
        session.execute(text("update datasets set version = 2"))
        session.execute(
            text("insert into dataset_versions select id, 2, 1, 0, 0, '', null from datasets")
        )
    gate(actor, prompt, dataset_id)
    passed_through(actor, prompt, 2, **changes)
    assert check(actor, prompt, 2).verdict is GateVerdict.NOT_EVALUATED


def test_a_version_passes_with_its_own_model_only(actor: Actor, prompt: UUID) -> None:
    save(actor, prompt, system_prompt=PASSING, model_id="fake:plain")
    gate(actor, prompt, promotions.shared_dataset(actor))
    other = {"template_id": str(prompt), "version": 4, "model_id": "fake:echo"}
    passed_through(actor, prompt, 4, target=other)
    assert check(actor, prompt, 4).verdict is GateVerdict.NOT_EVALUATED
    passed_through(actor, prompt, 4)
    assert check(actor, prompt, 4).verdict is GateVerdict.PASSED


def test_a_gate_with_a_model_counts_evaluations_by_that_model_only(
    actor: Actor, prompt: UUID
) -> None:
    gate(actor, prompt, promotions.shared_dataset(actor), model_id="fake:plain")
    other = {"template_id": str(prompt), "version": 2, "model_id": "fake:echo"}
    passed_through(actor, prompt, 2, target=other)
    with pytest.raises(GateNotPassed, match=r"evaluated on Questions.* with fake:plain"):
        move(actor, prompt, 2)
    passed_through(actor, prompt, 2)
    assert check(actor, prompt, 2).verdict is GateVerdict.PASSED


def test_the_gates_model_is_not_asked_of_a_version_that_names_its_own(
    actor: Actor, prompt: UUID
) -> None:
    save(actor, prompt, system_prompt=PASSING, model_id="fake:echo")
    gate(actor, prompt, promotions.shared_dataset(actor), model_id="fake:plain")
    passed_through(actor, prompt, 4)
    assert check(actor, prompt, 4).verdict is GateVerdict.PASSED


def test_a_model_that_no_provider_has_is_refused_in_a_gate(actor: Actor, prompt: UUID) -> None:
    with pytest.raises(ModelMissing):
        gate(actor, prompt, promotions.shared_dataset(actor), model_id="fake:none")


def test_calls_that_failed_leave_a_version_unproved(actor: Actor, prompt: UUID) -> None:
    failing = question('#fake {"fault": "auth", "fail_after": 0}\nx')
    cases = [{**failing, "assertions": [promotions.CONTAINS]}, question("ok")]
    made = dataset(actor, *cases, visibility="shared")
    gate(actor, prompt, made.id, scorers=[promotions.CONTAINS])
    passed_through(actor, prompt, 2)
    found = check(actor, prompt, 2)
    assert found.verdict is GateVerdict.INCOMPLETE
    assert found.words.startswith("1 call failed.")


NO_REFERENCE = {"kind": "exact"}  # of cases without a reference, it scores nothing


@pytest.mark.parametrize(
    ("of_the_gate", "of_the_case", "verdict"),
    [
        ([NO_REFERENCE], [promotions.CONTAINS], GateVerdict.INCOMPLETE),
        ([], [promotions.CONTAINS, NO_REFERENCE], GateVerdict.INCOMPLETE),
        ([NO_REFERENCE | {"weight": 0}], [promotions.CONTAINS], GateVerdict.PASSED),
        ([promotions.CONTAINS], [NO_REFERENCE | {"weight": 0}], GateVerdict.PASSED),
    ],
)
def test_an_answer_that_a_scorer_with_a_weight_did_not_score_leaves_a_version_unproved(
    actor: Actor, prompt: UUID, of_the_gate: object, of_the_case: object, verdict: GateVerdict
) -> None:
    made = dataset(actor, question("ok", assertions=of_the_case), visibility="shared")
    gate(actor, prompt, made.id, scorers=of_the_gate)
    passed_through(actor, prompt, 2)
    found = check(actor, prompt, 2)
    assert found.verdict is verdict
    assert ("1 answer was scored in part" in found.words) == (verdict is GateVerdict.INCOMPLETE)


def test_the_lower_bound_needs_ten_cases_and_must_reach_the_rate(
    actor: Actor, prompt: UUID
) -> None:
    few, many = (promotions.shared_dataset(actor, n, name=str(n)) for n in (9, 12))
    for dataset_id, least, verdict in (
        (few, 0.5, GateVerdict.TOO_FEW_CASES),
        (many, 0.9, GateVerdict.NOT_PASSED),  # 12 of 12 is 75.75% to 100%
        (many, 0.75, GateVerdict.PASSED),
    ):
        gate(actor, prompt, dataset_id, least_rate=least, by_lower_bound=True, reason=REASON)
        passed_through(actor, prompt, 2)
        assert check(actor, prompt, 2).verdict is verdict


def test_a_dataset_that_is_no_longer_shared_passes_nothing(actor: Actor, prompt: UUID) -> None:
    dataset_id = promotions.shared_dataset(actor)
    gate(actor, prompt, dataset_id)
    passed_through(actor, prompt, 2)
    with transaction() as session:
        change = DatasetChange.model_validate({"visibility": "private"})
        datasets.change_dataset(session, dataset_id, change, actor=actor)
    found = check(actor, prompt, 2)
    assert (found.verdict, found.to_run) == (GateVerdict.DATASET_MISSING, None)


def test_a_gate_needs_a_label_and_shared_cases_that_can_be_scored(
    actor: Actor, prompt: UUID
) -> None:
    shared = promotions.shared_dataset(actor)
    with pytest.raises(LabelMissing):
        gate(actor, prompt, shared, "staging")
    with pytest.raises(GateDatasetPrivate):
        gate(actor, prompt, dataset(actor, question("x"), name="mine").id)
    with pytest.raises(CasesNotScored):
        gate(actor, prompt, dataset(actor, question("x"), name="bare", visibility="shared").id)


def test_a_long_name_is_cut_for_the_evaluation(actor: Actor) -> None:
    # It made the gate's evaluation invalid
    made = create(actor, "p" * 128, PASSING)
    label(actor, made.id, 1, "l" * 64)
    gate(actor, made.id, promotions.shared_dataset(actor), "l" * 64)
    with transaction() as session:
        of_it = text("update prompt_template_versions set number = 1001 where template_id = :id")
        session.execute(of_it, {"id": made.id})
    told = check(actor, made.id, 1001, "l" * 64).to_run
    assert told is not None
    assert len(told["name"]) == 200


def test_the_default_prompts_production_has_no_gate(actor: Actor) -> None:
    with pytest.raises(GateRefused):
        gate(actor, read(actor, "default").id, promotions.shared_dataset(actor))


def test_the_criteria_of_a_gate_are_encrypted_at_rest(actor: Actor, gated: UUID) -> None:
    gate(
        actor,
        gated,
        promotions.shared_dataset(actor, name="b"),
        reason=REASON,
        scorers=[{"kind": "judge", "rubric": "secret rubric"}],
    )
    with transaction() as session:
        stored = session.execute(text("select criteria from prompt_label_gates")).scalar_one()
    assert b"rubric" not in stored
