"""Scores as received."""

import math
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from core.ingest.rows import Id, LongText, Name, Row, Word, wrong_dollars

MOST_VALUE = 1e100  # either way: figures add up squares, which a larger one takes out of a float8


class ScoreSource(StrEnum):
    """What set the score: a deterministic rule, a judge model, the sender's program, a person."""

    RULE = "rule"
    JUDGE = "judge"
    API = "api"
    PERSON = "person"


class ScoreSubject(StrEnum):
    """What a score is about."""

    MESSAGE = "message"
    CONVERSATION = "conversation"
    AI_REQUEST = "ai_request"


class NewScore(Row):
    """A number, a label or both under a name; its subject may arrive later.

    With an `ai_request_id`, the score is about that request, else about the message, else about
    the conversation.
    """

    texts: ClassVar = ("label", "comment", "extra")
    persons: ClassVar = (*Row.persons, "evaluator")

    name: Name
    value: float | bool | None = None
    label: Name | None = None
    source: ScoreSource = ScoreSource.API
    message_id: Id | None = None
    conversation_id: Id | None = None
    ai_request_id: Id | None = None
    user_id: Id | None = None
    comment: LongText | None = None
    evaluator: Word | None = None
    evaluator_version: Word | None = None
    cost_usd: Decimal | None = None

    def wrong(self, latest: datetime) -> str | None:
        """Return why the score, its subject, its cost or a time is invalid, or None."""
        if self.value is None and self.label is None:
            return "value: a score needs a value or a label"
        if self.value is not None and not math.isfinite(self.value):
            return "value: not a finite number"
        if self.value is not None and abs(self.value) > MOST_VALUE:
            return "value: above 1e100 or below -1e100"
        if self.ai_request_id is None and self.message_id is None and self.conversation_id is None:
            return "message_id: a score needs a message_id, conversation_id or ai_request_id"
        return wrong_dollars("cost_usd", self.cost_usd) or super().wrong(latest)
