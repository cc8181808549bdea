"""Make cases of annotations, conversations, votes and playground answers."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.orm import Session

from core.annotations.exports.exclusions import WORDS as EXCLUSION_WORDS
from core.annotations.exports.exclusions import ExclusionReason
from core.annotations.schemas import AnnotationType
from core.conversations.schemas import MessageSpeaker
from core.datasets.drafts import CaseDraft
from core.datasets.files.parsed import reason_of
from core.datasets.models import Dataset
from core.datasets.queries import sources
from core.datasets.queries.cases import find_origins
from core.datasets.queries.datasets import get_dataset
from core.datasets.schemas import CaseOrigin, CaseTexts
from core.datasets.service.cases import store
from core.datasets.service.datasets import lock_own
from core.datasets.source_schemas import (
    AddedCases,
    AnnotationChoice,
    AnswerChoice,
    ConversationChoice,
    SkippedSource,
    VoteChoice,
)
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.playground import queries as playground
from core.playground import replays
from core.playground.branches import queries as branches
from core.playground.errors import PlaygroundMessageMissing
from core.playground.schemas import Speaker
from core.playground.service.replay_votes import ORIGIN as REPLAY

THERE = "It is in the dataset already."
SPOKEN = (MessageSpeaker.SYSTEM, MessageSpeaker.USER, MessageSpeaker.ASSISTANT)


class _Sources:
    """The cases made so far, and what was skipped."""

    def __init__(self, session: Session, row: Dataset) -> None:
        self.present = find_origins(session, row.id, row.version)
        self.made: list[CaseDraft] = []
        self.skipped: list[SkippedSource] = []
        self.named: dict[UUID, str] = {}  # as they were given

    def skip(self, id_: UUID, reason: str) -> None:
        given = self.named.get(id_)
        external_id = None if given == str(id_) else given
        self.skipped.append(SkippedSource(id=id_, external_id=external_id, reason=reason))

    def make(self, id_: UUID, fields: dict[str, Any], **facts: Any) -> None:  # noqa: ANN401
        try:
            texts = CaseTexts(**fields)
        except ValidationError as error:
            self.skip(id_, reason_of(error))
            return
        self.made.append(CaseDraft(texts=texts, origin_id=id_, **facts))

    def unseen(self, ids: Iterable[UUID]) -> list[UUID]:
        """Return IDs of which no case was made yet, each once; skip the others."""
        wanted = list(dict.fromkeys(ids))
        for id_ in wanted:
            if id_ in self.present:
                self.skip(id_, THERE)
        return [id_ for id_ in wanted if id_ not in self.present]

    def store(self, session: Session, row: Dataset, note: str, actor: Actor) -> AddedCases:
        if self.made:
            store(session, row, self.made, note=note, actor=actor)
        view = get_dataset(session, row.id, actor=actor)
        return AddedCases(added=len(self.made), skipped=self.skipped, dataset=view)


def add_annotations(
    session: Session, ai: Session, dataset_id: UUID, choice: AnnotationChoice, *, actor: Actor
) -> AddedCases:
    """Make a case of each annotation: the messages before the answer, the suggested or approved
    answer as reference, and an answer that was not good as rejected. Annotations that an
    adjudication overruled are skipped.

    Raises DatasetMissing, NotYourDataset, TooManyCases or DatasetFull.
    """
    require(actor, Permission.READ_CONTENTS)
    row = lock_own(session, dataset_id, actor=actor)
    found = _Sources(session, row)
    ids = found.unseen(choice.ids)
    notes = sources.annotations_by_id(ai, ids, actor=actor)
    said = sources.messages_by_id(session, [note.message_id for note in notes.values()])
    for id_ in ids:
        if id_ not in notes:
            found.skip(id_, "Annotation not found.")
        elif notes[id_].message_id not in said:
            found.skip(id_, "The message is no longer stored.")
        elif notes[id_].is_overruled:
            found.skip(id_, EXCLUSION_WORDS[ExclusionReason.OVERRULED])
        else:
            note = notes[id_]
            found.make(
                id_,
                _of_annotation(note, said[note.message_id]),
                tags=tuple(dict.fromkeys((*choice.tags, *note.tags, note.annotation_type)))[:30],
                origin=CaseOrigin.ANNOTATION,
                conversation_id=note.conversation_id,
            )
    return found.store(session, row, "Added cases from annotations", actor)


def _of_annotation(note: Any, said: sources.AnnotatedMessage) -> dict[str, Any]:  # noqa: ANN401
    if said.role != MessageSpeaker.ASSISTANT:
        return _case_fields([*said.before, (said.role, said.content)])
    # An approved answer beside a suggestion is the worse one of both
    is_good = note.annotation_type == AnnotationType.APPROVED
    suggested = note.suggested_response or None
    return _case_fields(said.before) | {
        "reference": suggested or (said.content if is_good else None),
        "rejected": None if is_good and not suggested else said.content or None,
    }


def add_conversations(
    session: Session, dataset_id: UUID, choice: ConversationChoice, *, actor: Actor
) -> AddedCases:
    """Make a case of each conversation: its messages up to the last question.

    Raises DatasetMissing, NotYourDataset, TooManyCases or DatasetFull.
    """
    require(actor, Permission.READ_CONTENTS)
    row = lock_own(session, dataset_id, actor=actor)
    found = _Sources(session, row)
    found.named = sources.named_conversations(session, choice.ids)
    ids = found.unseen(found.named)
    questions = sources.last_questions(session, ids)
    said = sources.messages_by_id(session, list(questions.values()))
    answers = sources.answers_to(session, list(questions.values())) if choice.keeps_answers else {}
    for id_ in ids:
        if id_ not in questions:
            found.skip(id_, "It is not stored, or no user has written in it.")
            continue
        question = said[questions[id_]]
        found.make(
            id_,
            _case_fields([*question.before, (question.role, question.content)])
            | {"reference": answers.get(questions[id_])},
            tags=choice.tags,
            origin=CaseOrigin.CONVERSATION,
            conversation_id=id_,
        )
    return found.store(session, row, "Added cases from conversations", actor)


def add_votes(
    session: Session, ai: Session, dataset_id: UUID, choice: VoteChoice, *, actor: Actor
) -> AddedCases:
    """Make a case of each of the actor's votes that is not in the dataset: the better answer is
    the reference, the other one is rejected.

    Raises DatasetMissing, NotYourDataset, TooManyCases or DatasetFull.
    """
    row = lock_own(session, dataset_id, actor=actor)
    found = _Sources(session, row)
    for pair in sources.own_votes(ai, blind_only=choice.blind_only, actor=actor):
        if pair.id not in found.present:
            texts = _case_fields([(each["role"], each["content"]) for each in pair.prompt])
            found.make(
                pair.id,
                texts | {"reference": pair.chosen, "rejected": pair.rejected},
                tags=choice.tags,
                # A replay has messages of users, which not everyone may export
                origin=CaseOrigin.CONVERSATION if pair.origin == REPLAY else CaseOrigin.VOTE,
                conversation_id=pair.conversation_id,
            )
    return found.store(session, row, "Added cases from votes", actor)


def add_answer(
    session: Session, dataset_id: UUID, choice: AnswerChoice, *, actor: Actor
) -> AddedCases:
    """Make a case of the messages before an answer in a session of the actor.

    Of a replay, the replayed conversation decides the split. Raises DatasetMissing,
    NotYourDataset, PlaygroundSessionMissing, PlaygroundMessageMissing, TooManyCases or DatasetFull.
    """
    require(actor, Permission.RUN_MODELS)
    row = lock_own(session, dataset_id, actor=actor)
    playground.get_session(session, choice.session_id, owner=actor.id)
    tree = branches.read_tree(session, choice.session_id)
    leaf = next((at for at, id_ in tree.ids.items() if id_ == choice.message_id), 0)
    branch = branches.list_until(session, choice.session_id, leaf)
    answer = branch.pop() if branch else None
    if answer is None or answer.role is not Speaker.ASSISTANT:
        raise PlaygroundMessageMissing
    said = (*replays.context(session, choice.session_id, actor=actor), *playground.sendable(branch))
    found = _Sources(session, row)
    replay = playground.find_replay(session, choice.session_id)
    for id_ in found.unseen([choice.message_id]):
        fields = _case_fields([(it.role.value, it.content) for it in said])
        reference = answer.content if choice.keeps_answer else None
        found.make(
            id_,
            fields | {"reference": reference or None},
            tags=choice.tags,
            origin=CaseOrigin.CONVERSATION,
            conversation_id=replay.conversation_id if replay else choice.session_id,
        )
    return found.store(session, row, "Added a case from the playground", actor)


def _case_fields(said: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return messages as fields of a case; results of tools are facts that were known."""
    told = [text for role, text in said if role == MessageSpeaker.TOOL and text]
    spoken = [(role, text) for role, text in said if role in SPOKEN and text]
    return {
        "messages": [{"role": str(role), "content": text} for role, text in spoken],
        "context": {"tool_results": told} if told else None,
    }
