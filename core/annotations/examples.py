"""An annotation with what it is about: the message, and what was said before it. All formats are written from this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.annotations.schemas import AnnotationType
from core.conversations.schemas import MessageSpeaker


class LeftOut(StrEnum):
    """Why an annotation makes no line of a format."""

    NO_EXAMPLE = "no_example"
    NO_SUGGESTION = "no_suggestion"
    SAME_ANSWER = "same_answer"
    NOT_AN_ANSWER = "not_an_answer"
    NO_QUESTION = "no_question"
    EMPTY = "empty"
    MESSAGE_GONE = "message_gone"
    OVERRULED = "overruled"
    DUPLICATE = "duplicate"
    UNREADABLE = "unreadable"


WORDS: dict[LeftOut, str] = {
    LeftOut.NO_EXAMPLE: "This kind of annotation makes no example in this format.",
    LeftOut.NO_SUGGESTION: "No better answer was suggested.",
    LeftOut.SAME_ANSWER: "What was suggested is the answer as it was.",
    LeftOut.NOT_AN_ANSWER: "It is about a message that the assistant has not written.",
    LeftOut.NO_QUESTION: "No user has said anything before the answer.",
    LeftOut.EMPTY: "The answer is empty.",
    LeftOut.MESSAGE_GONE: "The message is no longer stored.",
    LeftOut.OVERRULED: "Reviewers disagreed, and somebody has decided otherwise.",
    LeftOut.DUPLICATE: "The same line is there already.",
    LeftOut.UNREADABLE: "A reader of the format has refused the line.",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """One message, as far as a model is told of it."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Example:
    """One annotation, its message (None when that is gone), and the turns before it, the first first.

    `facts` are the annotation's columns; it is overruled when an adjudication of the same message has come after it.
    """

    annotation_type: AnnotationType
    suggested: str | None
    facts: Mapping[str, Any]
    said: Turn | None
    before: Sequence[Turn]
    is_shortened: bool = False
    is_overruled: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with the turns before it, and an answer that is good."""

    turns: list[Turn]
    answer: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A question with the turns before it, and two answers."""

    turns: list[Turn]
    better: str
    worse: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A question with the turns before it, and an answer that is good or is not."""

    turns: list[Turn]
    answer: str
    is_good: bool


def answered(example: Example) -> Answered | LeftOut:
    """Return the example to learn from: a correction's suggestion, or an answer that was approved."""
    if (reason := _unusable(example)) is not None:
        return reason
    match example.annotation_type:
        case AnnotationType.CORRECTION:
            answer, without = example.suggested, LeftOut.NO_SUGGESTION
        case AnnotationType.APPROVED:
            answer, without = _said(example), LeftOut.EMPTY
        case _:
            return LeftOut.NO_EXAMPLE
    return Answered(_turns(example), answer) if answer and answer.strip() else without


def compared(example: Example) -> Compared | LeftOut:
    """Return the pair of a suggestion and the answer as it was."""
    if (reason := _unusable(example)) is not None:
        return reason
    if example.annotation_type not in (AnnotationType.CORRECTION, AnnotationType.IMPROVEMENT):
        return LeftOut.NO_EXAMPLE
    better, worse = example.suggested or "", _said(example)
    if not better.strip():
        return LeftOut.NO_SUGGESTION
    if not worse.strip():
        return LeftOut.EMPTY
    return Compared(_turns(example), better, worse) if better.strip() != worse.strip() else LeftOut.SAME_ANSWER


def judged(example: Example) -> Judged | LeftOut:
    """Return an answer with whether it is good: approved, or flagged."""
    if (reason := _unusable(example)) is not None:
        return reason
    if example.annotation_type not in (AnnotationType.APPROVED, AnnotationType.FLAG):
        return LeftOut.NO_EXAMPLE
    if not _said(example).strip():
        return LeftOut.EMPTY
    return Judged(_turns(example), _said(example), example.annotation_type is AnnotationType.APPROVED)


def _unusable(example: Example) -> LeftOut | None:
    if example.said is None:
        return LeftOut.MESSAGE_GONE
    if example.said.role != MessageSpeaker.ASSISTANT:
        return LeftOut.NOT_AN_ANSWER
    if example.is_overruled:
        return LeftOut.OVERRULED
    has_question = any(turn.role == MessageSpeaker.USER and turn.content.strip() for turn in example.before)
    return None if has_question else LeftOut.NO_QUESTION


def _said(example: Example) -> str:
    return example.said.content if example.said is not None else ""


def _turns(example: Example) -> list[Turn]:
    """Return what was said before, without what tools said: their calls have no ids, without which no trainer takes them."""
    return [turn for turn in example.before if turn.role != MessageSpeaker.TOOL and turn.content.strip()]
