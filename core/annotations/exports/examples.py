"""An annotation with its message and the turns before it; all formats are written from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.annotations.exports import turns
from core.annotations.exports.exclusions import ExclusionReason
from core.annotations.exports.turns import Definition, SpokenMessage, StoredTurn, Telling, Untold
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
        return any(turns.are_bare(turn.calls) for turn in self._all)

    @property
    def has_guessed_tools(self) -> bool:
        """Whether definitions of called tools are missing."""
        return not self.tools and any(
            turn.calls and not turns.are_bare(turn.calls) for turn in self._all
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

    turns: list[SpokenMessage]
    tools: list[Definition]


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with a good answer."""

    asked: TrainingQuestion
    answer: SpokenMessage


@dataclass(frozen=True, slots=True)
class Compared:
    """A question with a better and a worse answer."""

    asked: TrainingQuestion
    better: SpokenMessage
    worse: SpokenMessage


@dataclass(frozen=True, slots=True)
class Judged:
    """A question with an answer, and whether it is good."""

    asked: TrainingQuestion
    answer: SpokenMessage
    is_good: bool


def answered(example: Example) -> Answered:
    """Return a question with a correction's suggestion or an approved answer; raise Untold."""
    better = _good_words(example)
    asked, said = _told(example)
    return Answered(asked, _not_blank(said) if better is None else _answer(better))


def noted(example: Example) -> tuple[str, str]:
    """Return the question and the good answer as texts; raise Untold."""
    better = _good_words(example)
    answer = _answer(_said(example) if better is None else better)
    return [turn.content for turn in example.before if _is_question(turn)][-1], _not_blank(
        answer
    ).content


def compared(example: Example) -> Compared:
    """Return a suggestion and the original answer; raise Untold."""
    _check(example, AnnotationType.CORRECTION, AnnotationType.IMPROVEMENT)
    better, worse = _suggested(example), _said(example).strip()
    if not worse:
        raise Untold(ExclusionReason.EMPTY)
    if better.strip() == worse:
        raise Untold(ExclusionReason.SAME_ANSWER)
    asked, said = _told(example)
    return Compared(asked, _answer(better), said)


def voted(pair: VotedPair) -> Compared:
    """Return a pair that was voted on; raise Untold."""
    if not pair.better.strip() or not pair.worse.strip():
        raise Untold(ExclusionReason.EMPTY)
    if pair.better.strip() == pair.worse.strip():
        raise Untold(ExclusionReason.SAME_ANSWER)
    asked = [SpokenMessage(each["role"], each["content"]) for each in pair.asked]
    if not any(each.role == MessageSpeaker.USER and not each.is_blank for each in asked):
        raise Untold(ExclusionReason.NO_QUESTION)
    return Compared(TrainingQuestion(asked, []), _answer(pair.better), _answer(pair.worse))


def judged(example: Example) -> Judged:
    """Return an answer, good if approved, bad if flagged; raise Untold."""
    _check(example, AnnotationType.APPROVED, AnnotationType.FLAG)
    asked, said = _told(example)
    return Judged(asked, _not_blank(said), example.annotation_type is AnnotationType.APPROVED)


def _good_words(example: Example) -> str | None:
    """Return a correction's suggestion, or None when the original answer is good."""
    _check(example, AnnotationType.CORRECTION, AnnotationType.APPROVED)
    return _suggested(example) if example.annotation_type is AnnotationType.CORRECTION else None


def _check(example: Example, *kinds: AnnotationType) -> None:
    if example.said is None:
        raise Untold(ExclusionReason.MESSAGE_GONE)
    if example.said.role != MessageSpeaker.ASSISTANT:
        raise Untold(ExclusionReason.NOT_AN_ANSWER)
    if example.is_overruled:
        raise Untold(ExclusionReason.OVERRULED)
    if not any(map(_is_question, example.before)):
        raise Untold(ExclusionReason.NO_QUESTION)
    if example.annotation_type not in kinds:
        raise Untold(ExclusionReason.NO_EXAMPLE)


def _told(example: Example) -> tuple[TrainingQuestion, SpokenMessage]:
    """Return the messages before the answer, and the original answer."""
    telling = Telling()
    for turn in example.before:
        telling.tell(turn, is_shortened=example.is_shortened)
    telling.settle()
    *results, answer = telling.said(example.said or StoredTurn(MessageSpeaker.ASSISTANT, ""))
    spoken = [*telling.spoken, *results]
    return TrainingQuestion(spoken, turns.definitions(example.tools, [*spoken, answer])), answer


def _suggested(example: Example) -> str:
    if not (example.suggested or "").strip():
        raise Untold(ExclusionReason.NO_SUGGESTION)
    return example.suggested or ""


def _not_blank(answer: SpokenMessage) -> SpokenMessage:
    if answer.is_blank:
        raise Untold(ExclusionReason.EMPTY)
    return answer


def _said(example: Example) -> str:
    return example.said.content if example.said is not None else ""


def _is_question(turn: StoredTurn) -> bool:
    return turn.role == MessageSpeaker.USER and bool(turn.content.strip())


def _answer(words: str) -> SpokenMessage:
    return SpokenMessage(MessageSpeaker.ASSISTANT, words)
