"""Cases of annotations, conversations, votes and playground answers."""

from uuid import UUID

import pytest

from core.annotations.exports.queries import Split, split_of
from core.annotations.schemas import AnnotationFilter, AnnotationType
from core.database.db import Database, transaction
from core.datasets.queries.datasets import get_dataset
from core.datasets.queries.sources import find_new_annotations
from core.datasets.schemas import CaseSplit
from core.datasets.service import sources
from core.datasets.source_schemas import (
    AddedCases,
    AnnotationChoice,
    AnswerChoice,
    ConversationChoice,
    VoteChoice,
)
from core.executions.runner import Runner
from core.ingest.rows import key_of
from core.platform.ids import new_id
from core.playground.errors import PlaygroundMessageMissing, PlaygroundSessionMissing
from tests.factories import conversations
from tests.factories.comparisons import asked, begun, voted
from tests.factories.conversations import message
from tests.factories.datasets import cases_of, dataset
from tests.factories.identity import Person, person
from tests.factories.playground import answered, messages_of
from tests.factories.reviews import annotated


@pytest.fixture
def one(runner: Runner) -> Person:
    return person()


def from_annotations(one: Person, dataset_id: UUID, *ids: UUID) -> AddedCases:
    with transaction() as session, transaction(Database.AI) as ai:
        choice = AnnotationChoice(ids=ids, tags=("new",))
        return sources.add_annotations(session, ai, dataset_id, choice, actor=one.actor)


def test_an_annotation_is_a_case_with_the_better_answer_as_reference(one: Person) -> None:
    conversations.stored(conversations.conversation(messages=4))
    ids = (
        annotated("m3", suggested_response="Better.", tags=["tone"]),
        annotated("m1", annotation_type="approved"),
        annotated("m3", annotation_type="flag"),
        annotated("m2", annotation_type="flag"),
    )
    made = dataset(one.actor)
    assert from_annotations(one, made.id, *ids).added == 4
    better, good, bad, question = (it.content for it in cases_of(one.actor, made.id))
    assert [it.content for it in better.messages] == ["text 0", "text 1", "text 2"]
    assert (better.reference, better.rejected) == ("Better.", "text 3")
    assert better.tags == ("new", "tone", "correction")
    assert (good.reference, good.rejected) == ("text 1", None)
    assert (bad.reference, bad.rejected) == (None, "text 3")
    assert [it.content for it in question.messages] == ["text 0", "text 1", "text 2"]
    assert {it.origin for it in (better, good, bad, question)} == {"annotation"}


def test_an_annotation_is_added_once_and_a_missing_one_is_named(one: Person) -> None:
    conversations.stored(conversations.conversation())
    id_, unknown = annotated(), new_id()
    made = dataset(one.actor)
    assert from_annotations(one, made.id, id_, id_).added == 1
    again = from_annotations(one, made.id, id_, unknown)
    assert (again.added, [it.id for it in again.skipped]) == (0, [id_, unknown])
    assert again.dataset.version == 1


def test_overruled_annotations_are_skipped_with_the_reason(one: Person) -> None:
    conversations.stored(conversations.conversation())
    overruled = (
        annotated(annotation_type="approved"),
        annotated(suggested_response="Second.", round=2, number=1),
    )
    deciding = annotated(suggested_response="Decided.", round=3, number=2)
    later = annotated(suggested_response="Later.", number=3)
    made = dataset(one.actor)
    found = from_annotations(one, made.id, *overruled, deciding, later)
    assert [(it.id, it.reason) for it in found.skipped] == [
        (id_, "Overruled in adjudication.") for id_ in overruled
    ]
    references = [it.content.reference for it in cases_of(one.actor, made.id)]
    assert references == ["Decided.", "Later."]


def test_older_annotations_follow_once_the_newest_are_in_the_dataset(one: Person) -> None:
    conversations.stored(conversations.conversation())
    ids = [annotated(annotation_type="approved", number=number) for number in range(3)]
    annotated(annotation_type="flag", number=4)
    filters = AnnotationFilter(type=AnnotationType.APPROVED)
    made, steps = dataset(one.actor), []
    for _ in range(4):
        with transaction() as session, transaction(Database.AI) as ai:
            found, total = find_new_annotations(
                session,
                ai,
                get_dataset(session, made.id, actor=one.actor),
                filters,
                1,
                actor=one.actor,
            )
        steps.append((found, total))
        if found:
            from_annotations(one, made.id, *found)
    assert steps == [([ids[2]], 3), ([ids[1]], 2), ([ids[0]], 1), ([], 0)]


def test_a_conversation_is_a_case_up_to_its_last_question(one: Person) -> None:
    tool = message(2, role="tool", content="42 is shipped")
    said = [message(0), message(1), tool, message(4), message(5)]
    conversations.stored({**conversations.conversation("c"), "messages": said})
    conversations.stored(
        {**conversations.conversation("d"), "messages": [message(1, id="only an answer")]}
    )
    ids = tuple(key_of("conversation", name) for name in ("c", "d"))
    made = dataset(one.actor)
    with transaction() as session:
        choice = ConversationChoice(ids=ids, keeps_answers=True)
        found = sources.add_conversations(session, made.id, choice, actor=one.actor)
    assert [it.id for it in found.skipped] == [ids[1]]
    [case] = cases_of(one.actor, made.id)
    assert [it.content for it in case.content.messages] == ["text 0", "text 1", "text 4"]
    assert case.content.context == {"tool_results": ["42 is shipped"]}
    assert (case.content.reference, case.content.origin) == ("text 5", "conversation")
    is_held_out = split_of(ids[0]) is Split.HOLDOUT
    assert case.content.split is (CaseSplit.HOLDOUT if is_held_out else CaseSplit.TUNE)


def test_own_votes_are_preference_pairs_and_those_of_others_stay_theirs(one: Person) -> None:
    for actor in (one.actor, person().actor):
        comparison = begun(actor, "fake:echo", "fake:plain", prompts=["Be kind.", None])
        asked(actor, comparison)
        voted(actor, comparison, 1)
    made = dataset(one.actor)
    counts = []
    for _ in range(2):
        with transaction() as session, transaction(Database.AI) as ai:
            added = sources.add_votes(session, ai, made.id, VoteChoice(), actor=one.actor)
        counts.append(added.added)
    assert counts == [1, 0]
    [case] = cases_of(one.actor, made.id)
    assert case.content.messages[-1].content == "hello"
    assert case.content.reference
    assert case.content.rejected
    assert case.content.reference != case.content.rejected
    assert case.content.origin == "vote"


def test_a_playground_answer_is_a_case_of_what_was_asked_before(one: Person) -> None:
    first = answered(one.actor, "one")
    answered(one.actor, "two", session_id=str(first.session_id))
    said = messages_of(one.actor, first.session_id)
    made = dataset(one.actor)

    def add(person_: Person, message_id: UUID, dataset_id: UUID) -> AddedCases:
        choice = AnswerChoice(session_id=first.session_id, message_id=message_id, keeps_answer=True)
        with transaction() as session:
            return sources.add_answer(session, dataset_id, choice, actor=person_.actor)

    assert add(one, said[3].id, made.id).added == 1
    [case] = cases_of(one.actor, made.id)
    assert [it.content for it in case.content.messages] == ["one", said[1].content, "two"]
    assert case.content.reference == said[3].content
    with pytest.raises(PlaygroundMessageMissing):
        add(one, said[2].id, made.id)
    other = person()
    with pytest.raises(PlaygroundSessionMissing):
        add(other, said[3].id, dataset(other.actor).id)
