"""What cases are made of, and what was made."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.datasets.schemas import MOST_AT_ONCE, DatasetView, Tags
from core.identity.schemas import View
from core.ingest.external_ids import EitherId


class AnnotationChoice(BaseModel):
    """The annotations to make cases of."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"ids": ["018f3b1c-7c00-7000-8000-000000000000"]}},
    )

    ids: tuple[UUID, ...] = Field(min_length=1, max_length=MOST_AT_ONCE)
    tags: Tags = ()


class ConversationChoice(BaseModel):
    """The conversations, by Attune's IDs or the sender's, to make a case of each: its messages up
    to the last question.
    """

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"ids": ["c-17", "018f3b1c-7c00-7000-8000-000000000000"]}},
    )

    ids: tuple[EitherId, ...] = Field(min_length=1, max_length=MOST_AT_ONCE)
    tags: Tags = ()
    keeps_answers: bool = Field(
        default=False, description="Keep the last answer as reference, as it was given."
    )


class VoteChoice(BaseModel):
    """Which of the caller's own votes to make cases of: all that are not in the dataset yet."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"blind_only": True}})

    blind_only: bool = False
    tags: Tags = ()


class AnswerChoice(BaseModel):
    """An answer of a playground session; its case is the messages before it."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "session_id": "018f3b1c-7c00-7000-8000-000000000000",
                "message_id": "018f3b1c-7c00-7000-8000-000000000001",
            }
        },
    )

    session_id: UUID
    message_id: UUID
    keeps_answer: bool = Field(default=False, description="Keep the answer as reference.")
    tags: Tags = ()


class SkippedSource(View):
    """What no case was made of, and why; with the sender's ID if that was given."""

    id: UUID
    external_id: str | None = None
    reason: str


class AddedCases(View):
    """How many cases were added, and what was skipped."""

    added: int
    skipped: list[SkippedSource]
    dataset: DatasetView
