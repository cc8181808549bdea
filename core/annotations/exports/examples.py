"""An annotation with its message and the turns before it; all formats are written from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.annotations.exports import transcripts
from core.annotations.exports.exclusions import ExclusionReason
from core.annotations.exports.transcripts import (
    Definition,
    NotRepresentable,
    StoredTurn,
    Transcript,
    TranscriptMessage,
)
from core.annotations.schemas import AnnotationType
from core.conversations.schemas import MessageSpeaker


@dataclass(frozen=True, slots=True)
class Example:
    """An annotation, its message (None when deleted), and the turns before it, oldest first.

    `facts` are the annotation's columns, `tools` the tool definitions of the conversation's sender.
    It is overruled when an adjudication of the message came later, and blind while a blind review
    of the message is open.
    """

    annotation_type: AnnotationType
    suggested: str | None
    facts: Mapping[str, Any]
    said: StoredTurn | None
    before: Sequence[StoredTurn]
    tools: object = None
    is_shortened: bool = False
    is_overruled: bool = False
    is_blind: bool = False

    @property
    def has_bare_calls(self) -> bool:
        """Whether only the names of some tool calls are stored."""
        return any(transcripts.have_only_names(turn.calls) for turn in self._all)

    @property
    def has_guessed_tools(self) -> bool:
        """Whether definitions of called tools are missing."""
        return not self.tools and any(
            turn.calls and not transcripts.have_only_names(turn.calls) for turn in self._all
        )

    @property
    def _all(self) -> Sequence[StoredTurn]:
        return [*self.before, self.said] if self.said is not None else self.before


@dataclass(frozen=True, slots=True)
class VotedPair:
    """Two answers to the same messages, of which a vote preferred one; the prompt is a title."""

    asked: Sequence[Mapping[str, str]]
    better: str
    worse: str
    better_prompt: str


@dataclass(frozen=True, slots=True)
class TrainingQuestion:
    """A question with the turns before it, tool results after it, and the available tools."""

    turns: list[TranscriptMessage]
    tools: list[Definition]


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """A question with a good answer."""

    question: TrainingQuestion
    answer: TranscriptMessage


@dataclass(frozen=True, slots=True)
class ComparedAnswers:
    """A question with a better and a worse answer."""

    question: TrainingQuestion
    better: TranscriptMessage
    worse: TranscriptMessage


@dataclass(frozen=True, slots=True)
class RatedAnswer:
    """A question with an answer, and whether it is good."""

    question: TrainingQuestion
    answer: TranscriptMessage
    is_good: bool


def answered_question(example: Example) -> AnsweredQuestion:
    """Return a question with a suggestion or an approved answer; raise NotRepresentable."""
    better = _better_answer(example)
    asked, said = _question_and_answer(example)
    return AnsweredQuestion(asked, _not_blank(said) if better is None else _answer(better))


def question_and_answer(example: Example) -> tuple[str, str]:
    """Return the question and the good answer as texts; raise NotRepresentable."""
    better = _better_answer(example)
    answer = _answer(_original_answer(example) if better is None else better)
    return [turn.content for turn in example.before if _is_question(turn)][-1], _not_blank(
        answer
    ).content


def compared_answers(example: Example) -> ComparedAnswers:
    """Return a suggestion and the original answer; raise NotRepresentable."""
    _check(example, AnnotationType.CORRECTION, AnnotationType.IMPROVEMENT)
    better, worse = _suggested_answer(example), _original_answer(example).strip()
    if not worse:
        raise NotRepresentable(ExclusionReason.EMPTY)
    if better.strip() == worse:
        raise NotRepresentable(ExclusionReason.SAME_ANSWER)
    asked, said = _question_and_answer(example)
    return ComparedAnswers(asked, _answer(better), said)


def voted_answers(pair: VotedPair) -> ComparedAnswers:
    """Return a pair that was voted on; raise NotRepresentable."""
    if not pair.better.strip() or not pair.worse.strip():
        raise NotRepresentable(ExclusionReason.EMPTY)
    if pair.better.strip() == pair.worse.strip():
        raise NotRepresentable(ExclusionReason.SAME_ANSWER)
    asked = [TranscriptMessage(each["role"], each["content"]) for each in pair.asked]
    if not any(each.role == MessageSpeaker.USER and not each.is_blank for each in asked):
        raise NotRepresentable(ExclusionReason.NO_QUESTION)
    return ComparedAnswers(TrainingQuestion(asked, []), _answer(pair.better), _answer(pair.worse))


def rated_answer(example: Example) -> RatedAnswer:
    """Return an answer, good if approved, bad if flagged; raise NotRepresentable."""
    _check(example, AnnotationType.APPROVED, AnnotationType.FLAG)
    if example.annotation_type is AnnotationType.APPROVED:
        good = answered_question(example)
        return RatedAnswer(good.question, good.answer, is_good=True)
    asked, said = _question_and_answer(example)
    return RatedAnswer(asked, _not_blank(said), is_good=False)


def _better_answer(example: Example) -> str | None:
    """Return the suggestion, or None when an approved answer has none."""
    _check(example, AnnotationType.CORRECTION, AnnotationType.APPROVED)
    # A reviewer who approves an answer may still write a better one
    if example.annotation_type is AnnotationType.APPROVED and not _has_suggestion(example):
        return None
    return _suggested_answer(example)


def _check(example: Example, *kinds: AnnotationType) -> None:
    if example.said is None:
        raise NotRepresentable(ExclusionReason.MESSAGE_GONE)
    if example.said.role != MessageSpeaker.ASSISTANT:
        raise NotRepresentable(ExclusionReason.NOT_AN_ANSWER)
    if example.is_overruled:
        raise NotRepresentable(ExclusionReason.OVERRULED)
    if not any(map(_is_question, example.before)):
        raise NotRepresentable(ExclusionReason.NO_QUESTION)
    if example.annotation_type not in kinds:
        raise NotRepresentable(ExclusionReason.NO_EXAMPLE)


def _question_and_answer(example: Example) -> tuple[TrainingQuestion, TranscriptMessage]:
    """Return the messages before the answer, and the original answer."""
    transcript = Transcript()
    for turn in example.before:
        transcript.add(turn, is_shortened=example.is_shortened)
    # OpenAI's files and chat templates allow no answer while a call has no result
    transcript.check_answered()
    *results, answer = transcript.messages_of(
        example.said or StoredTurn(MessageSpeaker.ASSISTANT, "")
    )
    spoken = [*transcript.messages, *results]
    return TrainingQuestion(
        spoken, transcripts.tool_definitions(example.tools, [*spoken, answer])
    ), answer


def _has_suggestion(example: Example) -> bool:
    return bool((example.suggested or "").strip())


def _suggested_answer(example: Example) -> str:
    if not _has_suggestion(example):
        raise NotRepresentable(ExclusionReason.NO_SUGGESTION)
    return example.suggested or ""


def _not_blank(answer: TranscriptMessage) -> TranscriptMessage:
    if answer.is_blank:
        raise NotRepresentable(ExclusionReason.EMPTY)
    return answer


def _original_answer(example: Example) -> str:
    return example.said.content if example.said is not None else ""


def _is_question(turn: StoredTurn) -> bool:
    return turn.role == MessageSpeaker.USER and bool(turn.content.strip())


def _answer(words: str) -> TranscriptMessage:
    return TranscriptMessage(MessageSpeaker.ASSISTANT, words)
