"""Datasets, their cases and versions."""

import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)

from core.database.tables import storable
from core.identity.schemas import View
from core.ingest.json_objects import JsonObject
from core.ingest.pattern_budget import within_budget
from core.providers.schemas import MessageRole
from core.scoring.schemas import ScorerList

MOST_CASES = 10_000  # of a version
MOST_BYTES = 100 * 2**20  # of a version's texts: exports and evaluations load them all at once
MOST_AT_ONCE = 500  # cases, annotations or conversations in one request
MAX_MESSAGES_OF_A_CASE = 500
MAX_TEXT_CHARS = 200_000
MAX_CASE_CHARS = 1_000_000
MAX_TAGS = 30
MAX_TAG_CHARS = 64

CaseText = Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARS), AfterValidator(storable)]
CaseTag = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TAG_CHARS),
    AfterValidator(storable),
]
DatasetName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=128),
    AfterValidator(storable),
]
# Scorers are described in full for bodies only: kinds that contain others would be there twice
CaseAssertions = Annotated[
    ScorerList,
    WithJsonSchema({"type": "array", "items": {"type": "object"}}, mode="serialization"),
]
Tags = Annotated[tuple[CaseTag, ...], Field(max_length=MAX_TAGS)]


class DatasetVisibility(StrEnum):
    """Visibility of a dataset: its owner only, or every account that runs models."""

    PRIVATE = "private"
    SHARED = "shared"


class CaseOrigin(StrEnum):
    """Where a case comes from."""

    ANNOTATION = "annotation"
    CONVERSATION = "conversation"
    VOTE = "vote"
    IMPORT = "import"
    HAND = "hand"
    MODEL = "model"


FROM_USERS = (CaseOrigin.ANNOTATION, CaseOrigin.CONVERSATION)  # they have messages of users


class CaseSplit(StrEnum):
    """Cases to improve with, and cases to measure with."""

    TUNE = "tune"
    HOLDOUT = "holdout"


class CaseMessage(BaseModel):
    """A message of a case."""

    model_config = ConfigDict(frozen=True)

    role: MessageRole
    content: CaseText


class CaseTexts(BaseModel):
    """What a case asks and expects.

    User messages in a row are turns: each is answered before the next one is sent. `reference` is
    a good answer, `rejected` a worse one. `unsupported` names the assertions of an imported file
    that have no scorer here.
    """

    model_config = ConfigDict(frozen=True)

    messages: tuple[CaseMessage, ...] = Field(min_length=1, max_length=MAX_MESSAGES_OF_A_CASE)
    context: JsonObject | None = Field(
        default=None, description="Facts that were known, and variables of a prompt, by name."
    )
    reference: CaseText | None = None
    rejected: CaseText | None = None
    assertions: CaseAssertions = ()
    external_id: str | None = Field(default=None, max_length=200)
    unsupported: tuple[Annotated[str, StringConstraints(max_length=500)], ...] = Field(
        default=(), max_length=100
    )

    @model_validator(mode="after")
    def _asks_within_limits(self) -> Self:
        if not any(it.role is MessageRole.USER and it.content.strip() for it in self.messages):
            raise ValueError("a case needs a user message")
        context_chars = len(json.dumps(self.context)) if self.context else 0
        if sum(len(it.content) for it in self.messages) + context_chars > MAX_CASE_CHARS:
            raise ValueError(f"it has more than {MAX_CASE_CHARS:,} characters")
        return self


CASE_EXAMPLE: dict[str, Any] = {
    "messages": [{"role": "user", "content": "Where is my order?"}],
    "assertions": [{"kind": "contains", "values": ["order number"]}],
    "tags": ["orders"],
}


class NewCase(CaseTexts):
    """A case to add.

    Without `split`, it is derived from the conversation or the messages, as the exports of
    annotations do it. Cases of a conversation always have the split of their conversation.
    """

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": CASE_EXAMPLE},
    )

    tags: Tags = ()
    split: CaseSplit | None = None
    origin: Literal[CaseOrigin.HAND, CaseOrigin.MODEL] = CaseOrigin.HAND


class NewCases(BaseModel):
    """Cases to add as one new version."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"example": {"cases": [CASE_EXAMPLE]}},
    )

    cases: Annotated[
        tuple[NewCase, ...],
        Field(min_length=1, max_length=MOST_AT_ONCE),
        WrapValidator(within_budget),
    ]


class NewDataset(BaseModel):
    """An empty dataset."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"example": {"name": "Billing questions"}}
    )

    name: DatasetName
    description: Annotated[str, Field(max_length=2000), AfterValidator(storable)] = ""
    tags: Tags = ()
    visibility: DatasetVisibility = DatasetVisibility.PRIVATE


class DatasetChange(BaseModel):
    """The fields to change; they make no new version."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"example": {"visibility": "shared"}})

    name: DatasetName | None = None
    description: Annotated[str, Field(max_length=2000), AfterValidator(storable)] | None = None
    tags: Tags | None = None
    visibility: DatasetVisibility | None = None


class CaseFilter(BaseModel):
    """Filters of cases; `q` are words in their texts, in this order and in any case."""

    model_config = ConfigDict(frozen=True)

    q: str | None = Field(default=None, max_length=500)
    tag: str | None = Field(default=None, max_length=64)
    split: CaseSplit | None = None
    origin: CaseOrigin | None = None


class CaseContent(View, CaseTexts):
    """A case's texts, with its tags, split and origin."""

    tags: tuple[str, ...] = ()
    split: CaseSplit
    origin: CaseOrigin


class DatasetCase(View):
    """A case; its `id` stays when it is edited, `added_in` is the version of this content."""

    id: UUID
    position: int
    content: CaseContent
    conversation_id: UUID | None
    origin_id: UUID | None
    added_in: int
    created_at: datetime


class DatasetView(View):
    """A dataset, with the number of cases of its newest version."""

    id: UUID
    name: str
    description: str
    tags: list[str]
    visibility: DatasetVisibility
    owner: UUID | None
    owner_name: str | None
    version: int
    cases: int
    created_at: datetime
    updated_at: datetime


class DatasetVersionView(View):
    """A version: how many cases it has, and how many were added and removed; an edited case
    counts as both.
    """

    number: int
    cases: int
    added: int
    removed: int
    note: str
    author: str | None
    created_at: datetime
