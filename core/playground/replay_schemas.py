"""Replays: request bodies, and the answer that a session replays."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from core.executions.schemas import CostLimit
from core.identity.schemas import View
from core.ingest.json_objects import JsonObject
from core.ingest.null_defaults import OrDefault
from core.playground.schemas import MAX_PROMPT_CHARS
from core.providers.schemas import ChatMessage, Parameters

WHICH = "Pass `annotation_id`, `message_id`, or `conversation_id` and `turn`."


class NewReplay(BaseModel):
    """An answer of a conversation to replay, and with what: a model, and a prompt or a text.

    The answer is that of an annotation, a message (by either ID), or a turn of a conversation.
    """

    model_config = ConfigDict(
        frozen=True,
        protected_namespaces=(),
        json_schema_extra={
            "example": {
                "conversation_id": "c-17",
                "turn": 2,
                "model_id": "local:smollm2-135m-instruct",
                "system_prompt": "Answer in one sentence.",
            }
        },
    )

    conversation_id: str | None = Field(default=None, min_length=1, max_length=128)
    message_id: str | None = Field(default=None, min_length=1, max_length=128)
    turn: int | None = Field(
        default=None, ge=1, le=1_000_000, description="The number of the answer, from 1."
    )
    annotation_id: UUID | None = None
    model_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=300,
        description="Without one, the prompt's, else that of the answer when it can be called, "
        "else the default model.",
    )
    template_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=128,
        description="An ID, a name or `name@label`. Its system prompt is used; the text of a "
        "prompt without one is the system prompt.",
    )
    template_label: str | None = Field(default=None, max_length=64)
    variables: OrDefault[JsonObject] = Field(default_factory=dict)
    system_prompt: str | None = Field(
        default=None,
        max_length=MAX_PROMPT_CHARS,
        description="Without one, the conversation's, else the default prompt.",
    )
    parameters: OrDefault[Parameters] = Parameters()
    cost_limit_usd: CostLimit | None = Field(
        default=None, description="The most that the answer may cost."
    )

    @model_validator(mode="after")
    def _names_one_answer(self) -> Self:
        ways = (
            self.annotation_id is not None,
            self.message_id is not None,
            self.turn is not None,
        )
        needs_conversation = self.turn is not None and self.conversation_id is None
        if sum(ways) != 1 or needs_conversation:
            raise ValueError(WHICH)
        return self

    @model_validator(mode="after")
    def _has_one_prompt(self) -> Self:
        if self.template_id is not None and self.system_prompt is not None:
            raise ValueError("Pass `template_id` or `system_prompt`, not both.")
        return self


class ReplayOutcome(StrEnum):
    """What a vote says of the new answer and the original one."""

    NEW = "new"
    ORIGINAL = "original"
    TIE = "tie"
    BOTH_BAD = "both_bad"


class NewReplayVote(BaseModel):
    """A vote on the first answer that a replay shows and the original one."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"outcome": "new", "reason": "Shorter."}}
    )

    outcome: ReplayOutcome
    reason: OrDefault[Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]] = (
        ""
    )


class CaseReplay(BaseModel):
    """A case with an answer to it and the expected answer, encrypted as one text."""

    model_config = ConfigDict(frozen=True)

    title: str
    question: str
    earlier: tuple[ChatMessage, ...] = ()
    answer: str
    reference: str | None = None
    model: str | None = None
    prompt_name: str | None = None
    is_from_users: bool = True  # so that only some accounts export it


class ReplaySource(BaseModel):
    """Where a replayed case is, and the conversation that it was made of."""

    model_config = ConfigDict(frozen=True)

    evaluation_id: UUID
    case_id: UUID
    conversation_id: UUID | None = None


class ReplayedAnswer(View):
    """The answer that a session replays, as it is now (null when the conversation was erased), and
    the vote on it. It is a message's, or that of a case of an evaluation, whose reference is the
    suggested answer.
    """

    conversation_id: UUID | None
    message_id: UUID | None
    annotation_id: UUID | None
    evaluation_id: UUID | None = None
    case_id: UUID | None = None
    original_answer: str | None
    suggested_answer: str | None
    model: str | None
    prompt_name: str | None
    outcome: ReplayOutcome | None
    reason: str | None


class SharedReplay(ReplayedAnswer):
    """A replay that another account shares: its new answer, null until it is complete, and what
    gave it.
    """

    session_id: UUID
    shared_by: str
    new_answer: str | None
    new_model: str | None
    created_at: datetime


class StartedReplay(ReplayedAnswer):
    """A replay whose answer is pending: its session, its execution, and what it is compared to."""

    session_id: UUID
    execution_id: UUID
