"""Evaluations of own apps: the cases that an app is to answer, and its answers."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from core.database.tables import storable
from core.evaluations.schemas import EvaluationStatus
from core.identity.schemas import View
from core.ingest.json_objects import JsonObject
from core.presentation.money import Usd
from core.providers.schemas import ChatMessage

MOST_ANSWERS = 200  # of one request
MAX_ANSWER_CHARS = 200_000
DAY_MS = 86_400_000

AnswerText = Annotated[
    str, StringConstraints(max_length=MAX_ANSWER_CHARS), AfterValidator(storable)
]


class AppToolCall(BaseModel):
    """A tool that the app has called."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(storable)]
    arguments: JsonObject = Field(default_factory=dict)


class AppAnswer(BaseModel):
    """What the app answered in a run, or the error that kept it from answering."""

    model_config = ConfigDict(frozen=True)

    id: UUID = Field(description="Of the run, as the work has it.")
    text: AnswerText = ""
    tool_calls: tuple[AppToolCall, ...] = Field(default=(), max_length=200)
    latency_ms: int | None = Field(default=None, ge=0, le=DAY_MS)
    cost_usd: Usd | None = Field(
        default=None, ge=0, lt=10**6, decimal_places=8, description="Left out: unpriced."
    )
    error: Annotated[str, StringConstraints(max_length=2000), AfterValidator(storable)] | None = (
        None
    )


class AppAnswers(BaseModel):
    """Answers to store."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "answers": [
                    {
                        "id": "0190a6e0-0000-7000-8000-000000000000",
                        "text": "You can get a refund within 30 days.",
                        "latency_ms": 840,
                        "cost_usd": "0.0004",
                    }
                ]
            }
        },
    )

    answers: tuple[AppAnswer, ...] = Field(min_length=1, max_length=MOST_ANSWERS)


class RejectedAnswer(View):
    """An answer that was not stored."""

    index: int = Field(description="Of the answer in the body, from 0.")
    error: str


class AnswersReport(View):
    """What became of answers: `duplicates` had one before, which stays."""

    accepted: int
    duplicates: int
    rejected: tuple[RejectedAnswer, ...] = ()


class AppRun(View):
    """A run of a case that waits for the app's answer. It leaves out the expected answer."""

    id: UUID
    app: str
    position: int
    run: int
    messages: tuple[ChatMessage, ...]
    context: dict[str, Any] | None
    tags: tuple[str, ...]


class AppWork(View):
    """The next runs that wait for answers of apps, `waiting` of all; `next_cursor` has those after
    them. An evaluation that has stopped has no work.
    """

    status: EvaluationStatus
    waiting: int
    items: list[AppRun]
    next_cursor: str | None = None
