"""An annotation with its context: the message and the turns before it. All formats are written from this."""

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
    """One annotation, its message (None when that is gone), and the turns before it, the first first.

    `facts` are the annotation's columns, `tools` what the conversation's sender has said of its tools; it is overruled when an
    adjudication of the same message has come after it, and blind while somebody is to review the message who must not know it.
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
        """Whether tools were used of which nothing is stored but the name."""
        return any(turns.are_bare(turn.calls) for turn in self._all)

    @property
    def has_guessed_tools(self) -> bool:
        """Whether tools were called whose definitions nobody has sent."""
        return not self.tools and any(turn.calls and not turns.are_bare(turn.calls) for turn in self._all)

    @property
    def _all(self) -> Sequence[StoredTurn]:
        return [*self.before, self.said] if self.said is not None else self.before


@dataclass(frozen=True, slots=True)
class TrainingQuestion:
    """A question with the turns before it, and what tools said after it; and the tools that there are."""

    turns: list[SpokenMessage]
    tools: list[Definition]


@dataclass(frozen=True, slots=True)
class Answered:
    """A question, and an answer that is good."""

    asked: TrainingQuestion
    answer: SpokenMessage


@dataclass(frozen=True, slots=True)
class Compared:
    """A question, and two answers."""

    asked: TrainingQuestion
    better: SpokenMessage
    worse: SpokenMessage


@dataclass(frozen=True, slots=True)
class Judged:
    """A question, and an answer that is good or is not."""

    asked: TrainingQuestion
    answer: SpokenMessage
    is_good: bool


def answered(example: Example) -> Answered:
    """Return the example to learn from: a correction's suggestion, or an answer that was approved; raise Untold."""
    better = _good_words(example)
    asked, said = _told(example)
    return Answered(asked, _not_blank(said) if better is None else _answer(better))


def noted(example: Example) -> tuple[str, str]:
    """Return the question and the answer that is good, in words alone; raise Untold."""
    better = _good_words(example)
    answer = _answer(_said(example) if better is None else better)
    return [turn.content for turn in example.before if _is_question(turn)][-1], _not_blank(answer).content


def compared(example: Example) -> Compared:
    """Return the pair of a suggestion and the answer as it was; raise Untold."""
    _check(example, AnnotationType.CORRECTION, AnnotationType.IMPROVEMENT)
    better, worse = _suggested(example), _said(example).strip()
    if not worse:
        raise Untold(ExclusionReason.EMPTY)
    if better.strip() == worse:
        raise Untold(ExclusionReason.SAME_ANSWER)
    asked, said = _told(example)
    return Compared(asked, _answer(better), said)


def judged(example: Example) -> Judged:
    """Return an answer with whether it is good: approved, or flagged; raise Untold."""
    _check(example, AnnotationType.APPROVED, AnnotationType.FLAG)
    asked, said = _told(example)
    return Judged(asked, _not_blank(said), example.annotation_type is AnnotationType.APPROVED)


def _good_words(example: Example) -> str | None:
    """Return the suggestion of a correction; None where the answer as it was is good."""
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
    """Return what was said before the answer, and the answer as it was."""
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
