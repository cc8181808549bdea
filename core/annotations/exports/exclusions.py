"""Reasons why an annotation is left out of a format, as texts."""

from enum import StrEnum


class ExclusionReason(StrEnum):
    """Why an annotation is left out of a format."""

    NO_EXAMPLE = "no_example"
    NO_SUGGESTION = "no_suggestion"
    SAME_ANSWER = "same_answer"
    NOT_AN_ANSWER = "not_an_answer"
    NO_QUESTION = "no_question"
    EMPTY = "empty"
    MESSAGE_GONE = "message_gone"
    OVERRULED = "overruled"
    BLIND = "blind"
    TOOLS_UNANSWERED = "tools_unanswered"
    TOOLS_UNASKED = "tools_unasked"
    CALL_UNREADABLE = "call_unreadable"
    DUPLICATE = "duplicate"
    UNREADABLE = "unreadable"


WORDS: dict[ExclusionReason, str] = {
    ExclusionReason.NO_EXAMPLE: "This annotation type is not used in this format.",
    ExclusionReason.NO_SUGGESTION: "No suggested response.",
    ExclusionReason.SAME_ANSWER: "The suggestion equals the original answer.",
    ExclusionReason.NOT_AN_ANSWER: "Not an assistant message.",
    ExclusionReason.NO_QUESTION: "No user message before the answer.",
    ExclusionReason.EMPTY: "The answer is empty.",
    ExclusionReason.MESSAGE_GONE: "The message is no longer stored.",
    ExclusionReason.OVERRULED: "Overruled in adjudication.",
    ExclusionReason.BLIND: "Still waiting for an independent review.",
    ExclusionReason.TOOLS_UNANSWERED: "Tool results before the answer are not stored.",
    ExclusionReason.TOOLS_UNASKED: (
        "Tool results before the answer can't be matched to their calls."
    ),
    ExclusionReason.CALL_UNREADABLE: (
        "A tool call has no name, or its arguments are not a JSON object."
    ),
    ExclusionReason.DUPLICATE: "Duplicate of another line.",
    ExclusionReason.UNREADABLE: "Failed the format's validation.",
}
