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
    LeftOut.NO_EXAMPLE: "This kind of annotation makes no example in this format.",
    LeftOut.NO_SUGGESTION: "No better answer was suggested.",
    LeftOut.SAME_ANSWER: "What was suggested is the answer as it was.",
    LeftOut.NOT_AN_ANSWER: "It is about a message that the assistant has not written.",
    LeftOut.NO_QUESTION: "No user has said anything before the answer.",
    LeftOut.EMPTY: "The answer is empty.",
    LeftOut.MESSAGE_GONE: "The message is no longer stored.",
    LeftOut.OVERRULED: "Reviewers disagreed, and somebody has decided otherwise.",
    LeftOut.BLIND: "Somebody is still to review the message without having seen what others say of it.",
    LeftOut.TOOLS_UNANSWERED: "Tools were called before the answer, and what they said is not stored.",
    LeftOut.TOOLS_UNASKED: "Tools have said something before the answer, and which call they answered is not stored.",
    LeftOut.CALL_UNREADABLE: "A tool was called without a name, or with arguments that are no JSON object.",
    LeftOut.DUPLICATE: "The same line is there already.",
    LeftOut.UNREADABLE: "A reader of the format has refused the line.",
}
