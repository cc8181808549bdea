"""A case of an evaluation is answered again in the playground, beside the answer of a target."""

from uuid import UUID

import pytest
from sqlalchemy import text

from core.database.db import Database, transaction
from core.datasets.schemas import CaseOrigin
from core.datasets.service.sources import add_answer
from core.datasets.source_schemas import AnswerChoice
from core.evaluations.cases.case_schemas import ReplayedRun
from core.evaluations.errors import EvaluationMissing, TargetNumberMissing
from core.evaluations.queries import results
from core.evaluations.service import case_replays
from core.evaluations.views import EvaluationView
from core.executions import runner as runners
from core.executions.runner import Runner
from core.identity.schemas import Actor
from core.playground import queries, replays
from core.playground.errors import NoReplay, NotReplayable
from core.playground.replay_schemas import NewReplayVote, ReplayedAnswer, StartedReplay
from core.playground.schemas import Draft
from core.playground.service import case_replays as playground
from core.playground.service import replay_votes
from tests.factories.datasets import cases_of, dataset, question
from tests.factories.evaluations import app_answered, evaluated, read, run
from tests.factories.evaluations import started as started_evaluation
from tests.factories.executions import ended
from tests.factories.identity import person
from tests.factories.playground import messages_of
from tests.factories.prompts import create

ASKED = {
    "messages": [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi!"},
        {"role": "user", "content": "Can I get a refund?"},
    ],
    "reference": "Yes, within 30 days.",
}


@pytest.fixture
def actor(runner: Runner) -> Actor:
    return person().actor


@pytest.fixture
def evaluation(actor: Actor) -> EvaluationView:
    """Return an evaluation of a prompt with a user text, over a case of two turns."""
    prompt = create(
        actor,
        "support",
        "{{history}}\nQ: {{input}}",
        system_prompt="Be kind.",
        variables=[{"name": "input"}],
        default_parameters={"temperature": 0.5},
    )
    made = dataset(actor, ASKED)
    target = {"template_id": str(prompt.id), "model_id": "fake:plain"}
    return evaluated(actor, target=target, dataset_id=str(made.id), test_cases=[])


def case_id(actor: Actor, evaluation: EvaluationView) -> UUID:
    with transaction() as session:
        return results.list_cases(session, evaluation.id, actor=actor).items[0].id


def replay(actor: Actor, evaluation: EvaluationView, target: int = 1) -> StartedReplay:
    id_ = case_id(actor, evaluation)
    with transaction() as session:
        wanted = ReplayedRun(target=target)
        return case_replays.start(session, evaluation.id, id_, wanted, actor=actor)


def waited(started: StartedReplay) -> StartedReplay:
    buffer = runners.current().find(started.execution_id)
    assert buffer is not None
    ended(buffer)
    return started


def source(actor: Actor, session_id: UUID) -> ReplayedAnswer | None:
    with transaction() as core, transaction(Database.AI) as ai:
        return replays.find(core, ai, session_id, actor=actor)


def test_a_session_begins_with_the_targets_model_prompt_and_parameters(
    actor: Actor, evaluation: EvaluationView
) -> None:
    started = waited(replay(actor, evaluation))
    question, answer = messages_of(actor, started.session_id)
    assert question.content.endswith("Q: Can I get a refund?")
    assert "(prompt: Be kind.)" in answer.content
    with transaction() as session:
        view = queries.get_session(session, started.session_id, owner=actor.id)
        earlier = replays.context(session, started.session_id, actor=actor)
    assert view.name == "Case 1: Can I get a refund?"
    assert (view.draft.model, view.draft.custom_prompt) == ("fake:plain", "Be kind.")
    assert view.draft.parameters.temperature == 0.5
    assert [each.content for each in earlier] == ["Hello", "Hi!"]


def test_the_answer_of_the_target_and_the_reference_are_beside_it(
    actor: Actor, evaluation: EvaluationView
) -> None:
    started = waited(replay(actor, evaluation))
    found = source(actor, started.session_id)
    assert found is not None
    assert (found.original_answer or "").startswith("Fake answer:")
    assert found.suggested_answer == "Yes, within 30 days."
    assert (found.evaluation_id, found.prompt_name) == (evaluation.id, "support")


def test_a_case_of_turns_is_replayed_from_its_last_one(actor: Actor) -> None:
    turns = [{"role": "user", "content": content} for content in ("Hello", "A refund?")]
    found = evaluated(actor, test_cases=[{"messages": turns}])
    started = waited(replay(actor, found))
    assert messages_of(actor, started.session_id)[0].content == "A refund?"
    with transaction() as session:
        earlier = replays.context(session, started.session_id, actor=actor)
    assert earlier[0].content == "Hello"
    assert earlier[1].content.startswith("Fake answer: Hello")


def test_answers_of_an_own_app_are_not_replayed(actor: Actor) -> None:
    evaluation_id = started_evaluation(actor, "x", target={"app": "shop-bot"})
    app_answered(actor, evaluation_id, "good")
    run(evaluation_id)
    with pytest.raises(NotReplayable):
        replay(actor, read(actor, evaluation_id))


def test_a_call_that_failed_has_its_reason_beside_it(actor: Actor) -> None:
    failing = '#fake {"fault": "auth", "fail_after": 0}\nquestion'
    found = source(actor, waited(replay(actor, evaluated(actor, failing))).session_id)
    assert found is not None
    assert "refuses" in (found.original_answer or "")


def test_a_case_is_replayed_again_with_other_settings(
    actor: Actor, evaluation: EvaluationView
) -> None:
    first = waited(replay(actor, evaluation))
    with transaction() as session:
        draft = Draft(model="fake:echo", custom_prompt="Be brief.")
        again = playground.repeat(session, first.session_id, draft, actor=actor)
    waited(again)
    assert "(prompt: Be brief.)" in messages_of(actor, again.session_id)[1].content
    assert source(actor, again.session_id) == source(actor, first.session_id)


def test_a_case_made_of_a_replay_keeps_the_split_of_what_was_replayed(
    actor: Actor, evaluation: EvaluationView
) -> None:
    conversation = UUID(int=7)
    with transaction() as session:
        session.execute(
            text("update dataset_cases set conversation_id = :id"), {"id": conversation}
        )
    started = waited(replay(actor, evaluation))
    other = dataset(actor, question("x"), name="Other")
    with transaction() as session:
        choice = AnswerChoice(
            session_id=started.session_id,
            message_id=messages_of(actor, started.session_id)[1].id,
        )
        add_answer(session, other.id, choice, actor=actor)
    made = next(
        it for it in cases_of(actor, other.id) if it.content.origin is CaseOrigin.CONVERSATION
    )
    assert made.conversation_id == conversation
    assert [it.content for it in made.content.messages][:2] == ["Hello", "Hi!"]


def test_texts_of_a_replayed_case_are_encrypted_at_rest(
    actor: Actor, evaluation: EvaluationView
) -> None:
    waited(replay(actor, evaluation))
    with transaction() as session:
        stored = session.execute(text("select texts from playground_replays")).scalar_one()
    assert b"30 days" not in stored


def test_only_own_evaluations_and_their_targets_are_replayed(
    actor: Actor, evaluation: EvaluationView
) -> None:
    id_ = case_id(actor, evaluation)
    other = person().actor
    with pytest.raises(EvaluationMissing), transaction() as session:
        case_replays.start(session, evaluation.id, id_, ReplayedRun(), actor=other)
    with pytest.raises(TargetNumberMissing):
        replay(actor, evaluation, target=2)


def test_a_replayed_case_takes_no_vote(actor: Actor, evaluation: EvaluationView) -> None:
    started = waited(replay(actor, evaluation))
    vote = NewReplayVote.model_validate({"outcome": "new"})
    with pytest.raises(NoReplay), transaction() as core, transaction(Database.AI) as ai:
        replay_votes.vote(core, ai, started.session_id, vote, actor=actor)
