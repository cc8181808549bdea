"""Imports add one version; an export imports again as the same cases."""

import json

import pytest

from core.database.db import Database, transaction
from core.database.paging import Window
from core.datasets.errors import DatasetFileRefused, DatasetNameTaken
from core.datasets.queries.datasets import list_datasets
from core.datasets.service import sources, transfer
from core.datasets.source_schemas import AnnotationChoice, VoteChoice
from core.errors import Forbidden
from core.executions import runner as runners
from core.identity.schemas import Role
from core.playground.replay_schemas import NewReplay, NewReplayVote, ReplayOutcome
from core.playground.service import replay_votes, replays
from tests.factories import conversations
from tests.factories.conversations import message
from tests.factories.datasets import cases_of, dataset, imported, question
from tests.factories.executions import ended
from tests.factories.identity import Person, person
from tests.factories.reviews import annotated

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def one() -> Person:
    return person()


def exported(one: Person, dataset_id: object) -> str:
    with transaction() as session:
        return "".join(transfer.export_version(session, dataset_id, actor=one.actor).lines)  # type: ignore[arg-type]


def test_an_export_imports_again_as_the_same_cases(one: Person) -> None:
    made = dataset(
        one.actor,
        question(
            "Why?\n\u2028\U0001f600",
            context={"a": None, "b": [1]},
            reference="Because.",
            rejected="No.",
            assertions=[
                {"kind": "json_schema", "schema": {"type": "object"}},
                {"kind": "any", "scorers": [{"kind": "contains", "values": ["x"]}]},
            ],
            external_id="7",
            tags=["a", "b"],
            split="holdout",
        ),
        question("How?", split="tune", origin="model"),
    )
    again = imported(one.actor, exported(one, made.id), "again.jsonl")
    assert again.unsupported == []
    assert again.dataset is not None
    assert again.dataset.name == "again"
    before, after = (cases_of(one.actor, id_) for id_ in (made.id, again.dataset.id))
    skipped = {"origin"}
    assert [it.content.model_dump(exclude=skipped) for it in after] == [
        it.content.model_dump(exclude=skipped) for it in before
    ]
    assert [it.content.origin for it in after] == ["import", "import"]


def test_a_dry_run_tells_what_would_be_imported_and_stores_nothing(one: Person) -> None:
    text = json.dumps({"input": "Why?", "ideal": "Because."})
    found = imported(one.actor, text, is_dry_run=True)
    assert (found.cases, found.dataset, found.format) == (1, None, "openai_evals")
    assert [(it.kind, it.count) for it in found.scorers] == [("contains", 1)]
    assert found.sample[0].messages[0].content == "Why?"
    with transaction() as session:
        assert list_datasets(session, Window(), actor=one.actor).items == []


def test_reference_answers_are_added_to_the_cases_with_their_ids(one: Person) -> None:
    questions = [{"question_id": n, "turns": [f"a{n}", f"b{n}"]} for n in (1, 2)]
    made = imported(one.actor, "\n".join(map(json.dumps, questions)), "q.jsonl").dataset
    assert made is not None
    answers = [
        {"question_id": n, "choices": [{"turns": turns}]}
        for n, turns in [(1, ["x", "y"]), (2, ["x"]), (9, ["x"])]
    ]
    found = imported(one.actor, "\n".join(map(json.dumps, answers)), "a.jsonl", dataset_id=made.id)
    assert (found.cases, found.updated) == (0, 1)
    assert [(it.line, it.part) for it in found.unsupported] == [(2, "Answer 2"), (3, "Answer 9")]
    first, second = cases_of(one.actor, made.id)
    assert [it.content for it in first.content.messages] == ["a1", "x", "b1"]
    assert (first.content.reference, second.content.reference) == ("y", None)
    assert cases_of(one.actor, made.id, 1)[0].content.reference is None


def test_a_file_without_a_case_and_a_taken_name_are_refused(one: Person) -> None:
    with pytest.raises(DatasetFileRefused, match="no case"):
        imported(one.actor, json.dumps({"prompt_template": "x"}))
    imported(one.actor, "Why?", "q.txt")
    with pytest.raises(DatasetNameTaken):
        imported(one.actor, "Why?", "q.txt")


def test_only_super_admins_export_what_users_have_written(one: Person) -> None:
    conversations.stored(conversations.conversation())
    boss = person(Role.SUPER_ADMIN)
    made = dataset(boss.actor, visibility="shared")
    choice = AnnotationChoice(ids=(annotated(),))
    with transaction() as session, transaction(Database.AI) as ai:
        sources.add_annotations(session, ai, made.id, choice, actor=boss.actor)
    assert "text 0" in exported(boss, made.id)
    with pytest.raises(Forbidden):
        exported(one, made.id)


@pytest.mark.usefixtures("runner")
def test_a_vote_on_a_replay_is_exported_like_its_conversation(one: Person) -> None:
    told = [message(0, content="Where is it?"), message(1, content="Lost.", model="plain")]
    conversations.stored(conversations.conversation() | {"messages": told})
    made = dataset(one.actor)
    with transaction() as session, transaction(Database.AI) as ai:
        wanted = NewReplay(message_id="m1", model_id="fake:echo")
        started = replays.start(session, ai, wanted, actor=one.actor)
    buffer = runners.current().find(started.execution_id)
    assert buffer is not None
    ended(buffer)
    with transaction() as session, transaction(Database.AI) as ai:
        vote = NewReplayVote(outcome=ReplayOutcome.NEW)
        replay_votes.vote(session, ai, started.session_id, vote, actor=one.actor)
    with transaction() as session, transaction(Database.AI) as ai:
        added = sources.add_votes(session, ai, made.id, VoteChoice(), actor=one.actor)
    assert added.added == 1
    with pytest.raises(Forbidden):
        exported(one, made.id)
