"""Exports of evaluations, A/B tests and replays have no texts of users, except for super admins."""

from uuid import UUID

import pytest

from core.ab_tests.queries import results as ab_results
from core.ab_tests.views import AbAnswerExport
from core.database.db import Database, transaction
from core.datasets.service import sources
from core.datasets.service.datasets import delete_dataset
from core.datasets.source_schemas import AnnotationChoice
from core.errors import Forbidden
from core.evaluations.cases.case_schemas import ReplayedRun
from core.evaluations.queries import results
from core.evaluations.service import case_replays
from core.evaluations.views import RunExport
from core.executions.runner import Runner
from core.identity.schemas import Actor, Role
from core.playground.replay_schemas import NewReplay
from core.playground.service import replays, session_transfer, sharing
from core.playground.session_files import SessionFormat
from tests.factories import ab_tests, conversations
from tests.factories.datasets import dataset, question
from tests.factories.evaluations import answering, evaluated
from tests.factories.identity import person
from tests.factories.prompts import create
from tests.factories.reviews import annotated


@pytest.fixture
def admin(runner: Runner) -> Actor:
    return person().actor


@pytest.fixture
def super_admin(runner: Runner) -> Actor:
    return person(Role.SUPER_ADMIN).actor


def with_a_conversation(actor: Actor) -> UUID:
    """Return a dataset of a case that was written by hand, and one of a conversation."""
    conversations.stored(conversations.conversation())
    made = dataset(actor, question(answering("good")))
    choice = AnnotationChoice(ids=(annotated(),))
    with transaction() as session, transaction(Database.AI) as ai:
        sources.add_annotations(session, ai, made.id, choice, actor=actor)
    return made.id


def exported(actor: Actor, dataset_id: UUID) -> list[RunExport]:
    id_ = evaluated(actor, dataset_id=str(dataset_id), test_cases=[]).id
    with transaction() as session:
        return results.export_after(session, id_, 0, actor=actor)[0]


def test_a_run_of_a_conversation_is_exported_with_its_figures_only(admin: Actor) -> None:
    by_hand, of_users = exported(admin, with_a_conversation(admin))
    assert (by_hand.input, by_hand.output) == (answering("good"), "good")
    assert by_hand.scores[0].reason
    assert (of_users.input, of_users.output, of_users.error) == (None, None, None)
    assert (of_users.passed, of_users.score) == (False, 0)
    [score] = of_users.scores
    assert (score.name, score.passed, score.reason, score.details) == ("contains", False, "", {})


def test_super_admins_export_all_texts(super_admin: Actor) -> None:
    _, of_users = exported(super_admin, with_a_conversation(super_admin))
    assert of_users.input is not None
    assert "text 0" in of_users.input
    assert of_users.output


def test_cases_of_a_removed_dataset_are_exported_without_texts(admin: Actor) -> None:
    made = dataset(admin, question(answering("good")))
    id_ = evaluated(admin, dataset_id=str(made.id), test_cases=[]).id
    with transaction() as session:
        delete_dataset(session, made.id, actor=admin)
    with transaction() as session:
        [run], _ = results.export_after(session, id_, 0, actor=admin)
    assert (run.input, run.output, run.passed) == (None, None, True)


def ab_exported(actor: Actor, dataset_id: UUID) -> list[AbAnswerExport]:
    versions = [create(actor, name, "{{input}}") for name in ("one", "two")]
    variants = [{"template_id": str(it.id), "model_id": "fake:echo"} for it in versions]
    made = ab_tests.finished(
        actor,
        [],
        dataset_id=str(dataset_id),
        variants=variants,
        judge_model_id=ab_tests.JUDGE,
    )
    with transaction() as session:
        return ab_results.export_after(session, made.id, 0, actor=actor)[0]


def test_answers_of_an_ab_test_to_a_conversation_are_exported_with_their_figures_only(
    admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ab_tests.Judges().install(monkeypatch)
    by_hand, *_, of_users = ab_exported(admin, with_a_conversation(admin))
    assert by_hand.output == "good"
    assert (of_users.input, of_users.output, of_users.analysis_problem) == (None, None, None)
    assert of_users.quality_score == by_hand.quality_score == 0.5


def replayed(actor: Actor) -> UUID:
    conversations.stored(conversations.conversation())
    wanted = NewReplay(message_id="m1", model_id="fake:echo")
    with transaction() as session, transaction(Database.AI) as ai:
        return replays.start(session, ai, wanted, actor=actor).session_id


def transferred(actor: Actor, session_id: UUID) -> str:
    with transaction() as session:
        return session_transfer.export(session, session_id, SessionFormat.JSON, actor=actor)[1]


def test_only_super_admins_export_a_replay_of_a_conversation(
    admin: Actor, super_admin: Actor
) -> None:
    with pytest.raises(Forbidden):
        transferred(admin, replayed(admin))
    assert "text 0" in transferred(super_admin, replayed(super_admin))


def test_a_fork_of_a_replay_is_exported_like_the_replay(admin: Actor) -> None:
    # Else whoever may not export the replay could export its fork
    session_id = replayed(admin)
    with transaction() as session:
        fork = sharing.fork(session, session_id, actor=admin).session_id
    with pytest.raises(Forbidden):
        transferred(admin, fork)


def replayed_case(actor: Actor, evaluation_id: UUID, position: int) -> UUID:
    with transaction() as session:
        found = results.list_cases(session, evaluation_id, actor=actor).items
        id_ = next(each.id for each in found if each.position == position)
        return case_replays.start(
            session, evaluation_id, id_, ReplayedRun(), actor=actor
        ).session_id


def test_admins_export_replays_of_the_cases_that_have_no_texts_of_users(admin: Actor) -> None:
    dataset_id = str(with_a_conversation(admin))
    found = evaluated(admin, dataset_id=dataset_id, test_cases=[])
    assert "good" in transferred(admin, replayed_case(admin, found.id, 1))
    of_users = replayed_case(admin, found.id, 2)
    with pytest.raises(Forbidden):
        transferred(admin, of_users)


def test_a_replay_of_a_case_whose_dataset_was_removed_is_not_exported(admin: Actor) -> None:
    # It names no conversation any more by which its texts would be withheld
    dataset_id = with_a_conversation(admin)
    found = evaluated(admin, dataset_id=str(dataset_id), test_cases=[])
    with transaction() as session:
        delete_dataset(session, dataset_id, actor=admin)
    of_users = replayed_case(admin, found.id, 2)
    with pytest.raises(Forbidden):
        transferred(admin, of_users)
