"""Reasons for which annotations make no line of a format, with their words."""

from enum import StrEnum


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
    BLIND = "blind"
    TOOLS_UNANSWERED = "tools_unanswered"
    TOOLS_UNASKED = "tools_unasked"
    CALL_UNREADABLE = "call_unreadable"
    DUPLICATE = "duplicate"
    UNREADABLE = "unreadable"


WORDS: dict[LeftOut, str] = {
    LeftOut.NO_EXAMPLE: "This annotation type is not used in this format.",
    LeftOut.NO_SUGGESTION: "No suggested response.",
    LeftOut.SAME_ANSWER: "The suggestion equals the original answer.",
    LeftOut.NOT_AN_ANSWER: "Not an assistant message.",
    LeftOut.NO_QUESTION: "No user message before the answer.",
    LeftOut.EMPTY: "The answer is empty.",
    LeftOut.MESSAGE_GONE: "The message is no longer stored.",
    LeftOut.OVERRULED: "Overruled in adjudication.",
    LeftOut.BLIND: "Still waiting for an independent review.",
    LeftOut.TOOLS_UNANSWERED: "Tool results before the answer are not stored.",
    LeftOut.TOOLS_UNASKED: "Tool results before the answer can't be matched to their calls.",
    LeftOut.CALL_UNREADABLE: "A tool call has no name, or its arguments are not a JSON object.",
    LeftOut.DUPLICATE: "Duplicate of another line.",
    LeftOut.UNREADABLE: "Failed the format's validation.",
}
